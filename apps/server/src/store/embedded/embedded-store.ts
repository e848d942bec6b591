import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import type { Logger } from '../../component';
import { checkKey } from '../keys';
import {
  type LeaseId,
  type RangeOptions,
  type RangeResult,
  type Revision,
  type Store,
  type StoredEntry,
  StoreUnavailableError,
  type StoreWatch,
  type WatchHandler,
  type Write,
  type WriteResult,
} from '../store';
import { type Change, planCommit } from './commit-plan';
import { decodeKey, decodeLog, encodeKey, encodeLog } from './layout';
import { Leases } from './leases';
import { eventOf, readEvents, readRange } from './read';
import { closeTables, counter, entryAt, openTables, type Tables } from './tables';
import { WatchFeed } from './watch-feed';

/** More writes than this wait for the next commit, so that one commit stays short. */
const LARGEST_COMMIT = 1024;
const COMPACTION_CHUNK = 1000;

interface WaitingWrite {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Opens the store in that directory, which it owns alone until closed.
 * Throws StoreUnavailableError when another process has it, a newer version wrote it, or it cannot be opened.
 */
export function openEmbeddedStore(directory: string, log: Logger, clock: Clock = systemClock): Store {
  return new EmbeddedStore(openTables(directory), log, clock);
}

/**
 * Everything that waits while a commit is on its way to the disk travels in the next one. Compares are decided here,
 * one commit at a time, so LMDB transactions never fail for reasons of ours; a commit is seen (by reads and by
 * watches) only once it is durable, and watches see it before its writers are answered.
 */
class EmbeddedStore implements Store {
  #waiting: WaitingWrite[] = [];
  #committing: Promise<void> | undefined;
  #compaction: Promise<void> = Promise.resolve();
  /** The last revision that is durable and published. */
  #revision: Revision;
  #closed = false;
  readonly #leases: Leases;
  readonly #feed: WatchFeed;

  constructor(
    private readonly tables: Tables,
    private readonly log: Logger,
    clock: Clock,
  ) {
    this.#revision = counter(tables, 'revision');
    const current = () => this.#revision;
    this.#feed = new WatchFeed({
      get current() {
        return current();
      },
      read: (after, prefix, limit) => readEvents(tables, prefix, { after, until: current(), limit }),
    });
    this.#leases = new Leases(clock, (id) => {
      this.#dropLease(id).catch((error) => this.log.error({ error, lease: id }, 'an expired lease stays'));
    });
    for (const { key, value } of tables.leases.getRange()) this.#leases.start(key, value);
  }

  async currentRevision(): Promise<Revision> {
    this.#checkOpen();
    return counter(this.tables, 'revision');
  }

  async get(key: string): Promise<StoredEntry | undefined> {
    this.#checkOpen();
    const bytes = this.tables.keys.get(key);
    return bytes && entryAt(this.tables, decodeKey(bytes).modRevision);
  }

  async range(options: RangeOptions): Promise<RangeResult> {
    this.#checkOpen();
    return readRange(this.tables, options);
  }

  write(write: Write): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      this.#checkOpen();
      checkKey(write.key);
      this.#waiting.push({ write, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  watch(options: { prefix: string; after: Revision }, handler: WatchHandler): StoreWatch {
    this.#checkOpen();
    return this.#feed.watch(options, handler);
  }

  async grantLease(ttlSeconds: number): Promise<LeaseId> {
    this.#checkOpen();
    const id = this.#leases.newId();
    await this.tables.leases.put(id, ttlSeconds);
    this.#leases.start(id, ttlSeconds);
    return id;
  }

  async renewLease(id: LeaseId): Promise<void> {
    this.#leases.renew(id);
  }

  async revokeLease(id: LeaseId): Promise<void> {
    this.#leases.end(id);
    await this.#dropLease(id);
  }

  compact(revision: Revision): Promise<void> {
    this.#checkOpen();
    const run = this.#compaction.then(() => this.#compactTo(revision));
    // The next compaction waits for this one, whether or not it succeeds.
    this.#compaction = run.catch(() => {});
    return run;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#leases.close();
    this.#feed.close();
    await this.#committing;
    await this.#compaction;
    await closeTables(this.tables);
  }

  #checkOpen(): void {
    if (this.#closed) throw new StoreUnavailableError('the embedded store is closed');
  }

  async #commitAll(): Promise<void> {
    // What is written in this same turn of the event loop joins the first commit.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, LARGEST_COMMIT));
    this.#committing = undefined;
  }

  async #commit(batch: readonly WaitingWrite[]): Promise<void> {
    try {
      const { changes, outcomes } = planCommit(
        batch.map(({ write }) => write),
        {
          revision: this.#revision,
          key: (key) => {
            const bytes = this.tables.keys.get(key);
            return bytes && decodeKey(bytes);
          },
          entry: (_key, record) => entryAt(this.tables, record.modRevision),
          hasLease: (id) => this.#leases.has(id),
        },
      );
      const last = changes.at(-1);
      if (last) {
        await this.#persist(changes, last.revision);
        this.#revision = last.revision;
        this.#publish(changes);
      }
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = outcomes[index];
        if (outcome === undefined || outcome instanceof Error) reject(outcome ?? new Error('no outcome'));
        else resolve(outcome);
      });
    } catch (error) {
      // What LMDB reports here (a full disk, mostly) leaves the state on disk as it was or as it should be:
      // continue from what is there, and let watchers read from there too.
      this.log.error({ error }, 'the embedded store could not commit');
      this.#revision = counter(this.tables, 'revision');
      this.#feed.reread();
      const failure = new StoreUnavailableError(`the embedded store could not commit: ${String(error)}`);
      for (const { reject } of batch) reject(failure);
    }
  }

  async #persist(changes: readonly Change[], revision: Revision): Promise<void> {
    const { root, log, keys, meta, leaseKeys } = this.tables;
    await root.batch(() => {
      const last = new Map<string, Change>();
      for (const change of changes) {
        const { record, lease, previousLease } = change;
        void log.put(change.revision, encodeLog(record));
        last.set(record.key, change);
        if (previousLease && previousLease !== lease) void leaseKeys.remove([previousLease, record.key]);
        if (lease && previousLease !== lease) void leaseKeys.put([lease, record.key], true);
      }
      for (const [key, { record, lease, revision }] of last) {
        if (record.op === 'delete') void keys.remove(key);
        else
          void keys.put(
            key,
            encodeKey({ createRevision: record.createRevision, modRevision: revision, lease }),
          );
      }
      void meta.put('revision', revision);
    });
  }

  #publish(changes: readonly Change[]): void {
    const events = changes
      .filter(({ record }) => this.#feed.follows(record.key))
      .map(({ record, revision }) => eventOf(this.tables, record, revision));
    try {
      this.#feed.publish(events);
    } catch (error) {
      // A handler that throws breaks its promise; the writers, whose commit is durable, must not suffer for it.
      this.log.error({ error }, 'a watch handler threw');
    }
  }

  /** Deletes the keys that still go with the lease, then the lease. Continues after a crash: the lease is last. */
  async #dropLease(id: LeaseId): Promise<void> {
    const { leaseKeys, leases, keys } = this.tables;
    for (;;) {
      const attached = [...leaseKeys.getKeys({ start: [id, ''], end: [id, '\u{10ffff}'] })];
      if (attached.length === 0) break;
      await Promise.all(
        attached.map(async ([, key]) => {
          const bytes = keys.get(key);
          const record = bytes && decodeKey(bytes);
          // A write since may have detached the key: the compare then fails, and the next round looks again.
          if (record?.lease === id) await this.write({ op: 'delete', key, expected: record.modRevision });
        }),
      );
    }
    await leases.remove(id);
  }

  async #compactTo(target: Revision): Promise<void> {
    const { meta, log, root } = this.tables;
    const revision = Math.min(target, this.#revision);
    if (revision <= counter(this.tables, 'compact')) return;
    await meta.put('compact', revision);
    let swept = counter(this.tables, 'compacted');
    while (swept < revision && !this.#closed) {
      const chunk = [...log.getRange({ start: swept + 1, end: revision + 1, limit: COMPACTION_CHUNK })];
      const through = chunk.length < COMPACTION_CHUNK ? revision : (chunk.at(-1)?.key ?? revision);
      await root.batch(() => {
        for (const { key: at, value } of chunk) {
          const { op, previousRevision } = decodeLog(value);
          if (previousRevision > 0) void log.remove(previousRevision);
          if (op === 'delete') void log.remove(at);
        }
        void meta.put('compacted', through);
      });
      swept = through;
    }
  }
}
