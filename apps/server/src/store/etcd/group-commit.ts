import { LeaseNotFoundError, StoreUnavailableError, type Write, type WriteResult } from '../store';
import { sortBatch, takeBatch, toResults, toTransaction } from './batch';
import { type EtcdConnection, isLeaseMissing, isRejection } from './connection';

/** While transactions are on their way, another leaves once this many writes wait: each costs us and etcd something. */
const WORTH_ANOTHER = 32;
/** etcd commits what arrives while it writes to disk together: more on their way keep both sides busy. */
const MOST_IN_FLIGHT = 4;
const LEASE_ID = /^-?\d{1,19}$/;

interface WaitingWrite {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: Error) => void;
}

/** What is written in one turn of the event loop, or waits while transactions are on their way, travels together. */
export class GroupCommit {
  readonly #waiting: WaitingWrite[] = [];
  readonly #busyKeys = new Set<string>();
  #inFlight = 0;
  #scheduled = false;

  constructor(private readonly connection: EtcdConnection) {}

  write(write: Write): Promise<WriteResult> {
    if (write.op === 'put' && write.lease !== undefined && !LEASE_ID.test(write.lease)) {
      return Promise.reject(new LeaseNotFoundError(`lease ${write.lease} does not exist`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#schedule();
    });
  }

  /** All requests that have come in are looked at before the turn ends, so that their writes join the batch. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (
      this.#inFlight === 0 ||
      (this.#inFlight < MOST_IN_FLIGHT && this.#waiting.length >= WORTH_ANOTHER)
    ) {
      const batch = takeBatch(this.#waiting, this.#busyKeys);
      if (batch.length === 0) return;
      for (const { write } of batch) this.#busyKeys.add(write.key);
      this.#inFlight++;
      void this.#send(sortBatch(batch)).then(() => {
        this.#inFlight--;
        for (const { write } of batch) this.#busyKeys.delete(write.key);
        this.#schedule();
      });
    }
  }

  /** Settles every write of the batch; never rejects. */
  async #send(batch: readonly WaitingWrite[]): Promise<void> {
    const writes = batch.map(({ write }) => write);
    try {
      const response = await this.connection.once((calls, deadline) =>
        calls.kv.txn(toTransaction(writes), { deadline }),
      );
      const results = toResults(writes, response);
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result) resolve(result);
        else reject(new StoreUnavailableError(`${this.connection.name} answered too few results`));
      });
    } catch (error) {
      // A refusal (a lease that is gone, a value too large) is about one write, but etcd refuses them all: halves
      // find the culprit, and also suit an etcd that was configured with lower limits.
      if (isRejection(error) && batch.length > 1) {
        const middle = Math.ceil(batch.length / 2);
        await this.#send(batch.slice(0, middle));
        await this.#send(batch.slice(middle));
        return;
      }
      for (const { write, reject } of batch) reject(this.#asError(error, write));
    }
  }

  #asError(error: unknown, write: Write): Error {
    if (isLeaseMissing(error) && write.op === 'put') {
      return new LeaseNotFoundError(`lease ${write.lease} does not exist`);
    }
    if (isRejection(error) && error instanceof Error) {
      return new RangeError(`${this.connection.name} refused the write of ${write.key}: ${error.message}`);
    }
    return error instanceof Error ? error : new StoreUnavailableError(String(error));
  }
}
