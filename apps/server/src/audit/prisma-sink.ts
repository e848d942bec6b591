import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@wheelhouse/shared/clock';
import type { Logger } from '../component';
import type { AuditRecord, AuditSink } from './audit-sink';
import type { AuditDatabase } from './database';
import { insertRows } from './insert';
import { isRecorded } from './policy';
import { toRow } from './row';
import type { Spool } from './spool';

const BATCH_RECORDS = 500;
/** Records serialised before others get a turn. */
const AT_ONCE = 50;
/** Records that may wait in memory; beyond that they go to disk. */
const MEMORY_RECORDS = 5000;
/** What the disk may hold; beyond that, records are given up, loudly. */
const SPOOL_BYTES = 1024 * 1024 * 1024;
/** How long a batch is gathered. */
const GATHER_MS = 50;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2000;

export interface SinkServices {
  readonly database: Pick<AuditDatabase, 'prisma' | 'ensure'>;
  readonly spool: Spool;
  readonly log: Logger;
  readonly clock: Clock;
}

/**
 * Records wait in memory for a few milliseconds, then go to the database in batches. While it is away, or slower than
 * the writes, they go to the spool instead, and everything that follows goes there too until the spool is empty
 * again: so the order stays. One loop does all of it; `record` only appends to an array.
 */
export class PrismaSink implements AuditSink {
  readonly #waiting: AuditRecord[] = [];
  /** Looks whether the loop has reason to go on. */
  #poke: () => void = () => {};
  #closing = false;
  /** False until the database has answered, and again after it has failed. */
  #ensured = false;
  /** 0 while the database answers. */
  #retryMs = 0;
  #lost = 0;
  /** Records taken in, and those of them that can be queried (or were given up). */
  #taken = 0;
  #stored = 0;
  #flushers: { readonly upTo: number; readonly resolve: () => void }[] = [];
  readonly #loop: Promise<void>;

  constructor(private readonly services: SinkServices) {
    this.#loop = this.#run();
  }

  record(record: AuditRecord): void {
    if (this.#closing || !isRecorded(record)) return;
    this.#taken++;
    this.#waiting.push(record);
    this.#poke();
  }

  flush(): Promise<void> {
    if (this.#stored >= this.#taken) return Promise.resolve();
    return new Promise((resolve) => {
      this.#flushers.push({ upTo: this.#taken, resolve });
      this.#poke();
    });
  }

  /** What the database does not take any more is on disk when this resolves, and is inserted after the next start. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#poke();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { spool, database } = this.services;
    for (;;) {
      await this.#wait(undefined, () => this.#waiting.length > 0 || !spool.empty);
      await this.#wait(
        GATHER_MS,
        () => this.#waiting.length >= BATCH_RECORDS || this.#flushers.length > 0 || !spool.empty,
      );
      try {
        if (!this.#ensured) await database.ensure();
        this.#ensured = true;
        await this.#replay();
        while (this.#waiting.length > 0 && spool.empty) await this.#insertBatch();
        this.#retryMs = 0;
      } catch (error) {
        this.#failed(error);
        await this.#spill();
        await this.#backOff();
      }
      if (this.#closing) {
        await this.#spill();
        return;
      }
    }
  }

  /** Until `condition` holds, the sink is closed, or `ms` have passed. Only the loop waits. */
  #wait(ms: number | undefined, condition: () => boolean): Promise<void> {
    const enough = () => this.#closing || condition();
    if (enough()) return Promise.resolve();
    return new Promise((resolve) => {
      const finish = () => {
        cancel();
        this.#poke = () => {};
        resolve();
      };
      const cancel = ms === undefined ? () => {} : this.services.clock.after(ms, finish);
      this.#poke = () => {
        if (enough()) finish();
      };
    });
  }

  /** Meanwhile what arrives goes to disk rather than pile up. */
  async #backOff(): Promise<void> {
    const { clock } = this.services;
    const until = clock.monotonic() + this.#retryMs;
    for (let left = this.#retryMs; left > 0 && !this.#closing; left = until - clock.monotonic()) {
      await this.#wait(left, () => this.#waiting.length >= BATCH_RECORDS);
      await this.#spill();
    }
  }

  async #insertBatch(): Promise<void> {
    const { database, log } = this.services;
    const rows = await this.#takeRows();
    try {
      await insertRows(database.prisma, rows, log);
    } catch (error) {
      await this.#toSpool(rows);
      throw error;
    }
    this.#settle(rows.length);
    if (this.#waiting.length > MEMORY_RECORDS) await this.#spill();
  }

  /** Inserts what lies on disk, of earlier runs as well. */
  async #replay(): Promise<void> {
    const { database, spool, log } = this.services;
    for (let next = await spool.next(); next && !this.#closing; next = await spool.next()) {
      await insertRows(database.prisma, next.rows, log);
      next.done();
      if (next.own) this.#settle(next.rows.length);
      if (this.#waiting.length > MEMORY_RECORDS) await this.#spill();
    }
  }

  /** Moves everything that waits to the spool. */
  async #spill(): Promise<void> {
    while (this.#waiting.length > 0) await this.#toSpool(await this.#takeRows());
  }

  async #toSpool(rows: readonly string[]): Promise<void> {
    const { spool, log } = this.services;
    try {
      if (spool.bytes > SPOOL_BYTES) throw new Error('the spool of the audit is full');
      await spool.append(rows);
    } catch (error) {
      this.#lost += rows.length;
      log.error({ error, lost: this.#lost }, 'audit entries are lost: neither database nor disk takes them');
      this.#settle(rows.length);
    }
  }

  async #takeRows(): Promise<string[]> {
    const rows: string[] = [];
    for (const record of this.#waiting.splice(0, BATCH_RECORDS)) {
      rows.push(toRow(record));
      if (rows.length % AT_ONCE === 0) await nextTurn();
    }
    return rows;
  }

  #failed(error: unknown): void {
    this.#ensured = false;
    if (this.#retryMs === 0) {
      this.services.log.warn(
        { error },
        'the audit database does not answer; entries are kept on disk meanwhile',
      );
    }
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2 || FIRST_RETRY_MS);
  }

  #settle(count: number): void {
    this.#stored += count;
    const done = this.#flushers.filter(({ upTo }) => upTo <= this.#stored);
    this.#flushers = this.#flushers.filter(({ upTo }) => upTo > this.#stored);
    for (const { resolve } of done) resolve();
  }
}
