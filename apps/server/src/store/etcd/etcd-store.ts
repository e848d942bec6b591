import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import type { Logger } from '../../component';
import { checkKey } from '../keys';
import {
  CompactedError,
  type LeaseId,
  type LeaseStore,
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
import { EtcdConnection } from './connection';
import { GroupCommit } from './group-commit';
import { etcdLeases } from './leases';
import { completeRevision, lastCompleteEtcdRevision, POSITIONS, toEntry } from './numbering';
import { readRange } from './range';
import { WatchHub } from './watch-hub';

const NO_KEY = Buffer.from([0]);
const OPENING_MS = 3000;
const OPENING_CALL_MS = 1500;
const OPENING_PAUSE_MS = 200;

/**
 * Opens the store in that etcd cluster (`http://HOST:PORT` each; 3.4 or newer).
 * Throws StoreUnavailableError naming the endpoints when none of them answers within about three seconds.
 */
export async function openEtcdStore(
  endpoints: readonly string[],
  log: Logger,
  clock: Clock = systemClock,
): Promise<Store> {
  for (const endpoint of endpoints) checkEndpoint(endpoint);
  if (endpoints.length === 0) throw new StoreUnavailableError('no etcd endpoint is given');
  const connection = new EtcdConnection(endpoints);
  const giveUpAt = clock.monotonic() + OPENING_MS;
  for (;;) {
    try {
      const revision = await readCurrentRevision(connection, OPENING_CALL_MS);
      return new EtcdStore(connection, revision, { log, clock });
    } catch (error) {
      if (clock.monotonic() >= giveUpAt) {
        connection.close();
        throw error;
      }
      await new Promise<void>((resolve) => clock.after(OPENING_PAUSE_MS, resolve));
    }
  }
}

function checkEndpoint(endpoint: string): void {
  let url: URL | undefined;
  try {
    url = new URL(endpoint);
  } catch {
    // Reported below, together with addresses of other kinds.
  }
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new StoreUnavailableError(`"${endpoint}" is not an etcd endpoint; write http://HOST:PORT`);
  }
}

/** A linearizable read of nothing: its header carries the revision. */
async function readCurrentRevision(connection: EtcdConnection, timeoutMs?: number): Promise<Revision> {
  const response = await connection.read(
    (calls, deadline) => calls.kv.range({ key: NO_KEY, count_only: true }, { deadline }),
    timeoutMs,
  );
  return completeRevision(response.header.revision);
}

class EtcdStore implements Store {
  readonly revisionsPerCommit = POSITIONS;
  readonly #commits: GroupCommit;
  readonly #hub: WatchHub;
  readonly #leases: LeaseStore;
  #asking: Promise<Revision> | undefined;
  #askingNext: Promise<Revision> | undefined;

  constructor(
    private readonly connection: EtcdConnection,
    revision: Revision,
    private readonly services: { readonly log: Logger; readonly clock: Clock },
  ) {
    this.#commits = new GroupCommit(connection);
    this.#leases = etcdLeases(connection);
    this.#hub = new WatchHub(connection, revision, {
      ...services,
      currentRevision: () => this.currentRevision(),
    });
  }

  /** Callers that wait at the same moment share one question, which is sent after the last of them has asked. */
  currentRevision(): Promise<Revision> {
    if (!this.#asking) {
      this.#asking = readCurrentRevision(this.connection).finally(() => {
        this.#asking = undefined;
      });
      return this.#asking;
    }
    this.#askingNext ??= this.#asking
      .catch(() => {})
      .then(() => {
        this.#askingNext = undefined;
        return this.currentRevision();
      });
    return this.#askingNext;
  }

  async get(key: string): Promise<StoredEntry | undefined> {
    const response = await this.connection.read((calls, deadline) =>
      calls.kv.range({ key: Buffer.from(key) }, { deadline }),
    );
    const kv = response.kvs[0];
    return kv && toEntry(kv);
  }

  range(options: RangeOptions): Promise<RangeResult> {
    return readRange(this.connection, options, {
      ...this.services,
      currentRevision: () => this.currentRevision(),
    });
  }

  async write(write: Write): Promise<WriteResult> {
    checkKey(write.key);
    return this.#commits.write(write);
  }

  watch(options: { prefix: string; after: Revision }, handler: WatchHandler): StoreWatch {
    return this.#hub.watch(options, handler);
  }

  grantLease(ttlSeconds: number): Promise<LeaseId> {
    return this.#leases.grantLease(ttlSeconds);
  }

  renewLease(id: LeaseId): Promise<void> {
    return this.#leases.renewLease(id);
  }

  revokeLease(id: LeaseId): Promise<void> {
    return this.#leases.revokeLease(id);
  }

  /** Never beyond what `revision` needs: a revision in the middle of an etcd revision keeps all of that one. */
  async compact(revision: Revision): Promise<void> {
    const current = lastCompleteEtcdRevision(await this.currentRevision());
    const target = Math.min(lastCompleteEtcdRevision(revision), current);
    if (target <= 0) return;
    try {
      await this.connection.once((calls, deadline) => calls.kv.compact({ revision: target }, { deadline }));
    } catch (error) {
      // Someone (another server, too) has compacted as far already.
      if (!(error instanceof CompactedError)) throw error;
    }
    this.#hub.forget(completeRevision(target));
  }

  async close(): Promise<void> {
    this.#hub.close();
    this.connection.close();
  }
}
