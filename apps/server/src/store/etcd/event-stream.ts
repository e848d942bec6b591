import type { Clock } from '@wheelhouse/shared/clock';
import type { IWatchResponse } from 'etcd3';
import type { Logger } from '../../component';
import { CompactedError, type Revision, type StoreEvent } from '../store';
import type { EtcdConnection, WatchStream } from './connection';
import { completeRevision, lastCompleteEtcdRevision, numberEvents } from './numbering';

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1000;
const EVERYTHING = Buffer.from([0]);

export interface EventStreamHandler {
  /** Whole etcd revisions, in order, each once; `through` is the revision of everything delivered so far. */
  onEvents(events: readonly StoreEvent[], through: Revision): void;
  /** The stream has ended for good: what comes next has been compacted. */
  onCompacted(error: CompactedError): void;
}

/**
 * One etcd watch of every key (numbering needs that, see numbering.ts), which reconnects by itself for as long as it
 * is open, and continues after the last event that it has delivered.
 *
 * It begins one revision early, at one that it has already seen: etcd lets a watch begin at the compacted revision
 * itself although the deletes of that one may be missing. Begun one earlier, such a watch is refused as it must be.
 */
export class EventStream {
  /** Every event up to this etcd revision has been delivered. */
  #seen: number;
  #stream: WatchStream | undefined;
  #retryMs = FIRST_RETRY_MS;
  #cancelRetry = () => {};
  #closed = false;

  constructor(
    private readonly connection: EtcdConnection,
    after: Revision,
    private readonly handler: EventStreamHandler,
    private readonly services: { readonly log: Logger; readonly clock: Clock },
  ) {
    this.#seen = lastCompleteEtcdRevision(after);
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#drop();
  }

  async #connect(): Promise<void> {
    if (this.#closed) return;
    try {
      const stream = await this.connection.watchStream();
      if (this.#closed) {
        stream.on('error', () => {});
        cancelStream(stream);
        return;
      }
      this.#stream = stream;
      const failed = (error?: Error) => {
        if (this.#stream === stream) this.#reconnect(error);
      };
      stream.on('data', (response) => {
        if (this.#stream === stream) this.#receive(response);
      });
      stream.on('error', failed);
      stream.on('end', () => failed());
      stream.write({
        create_request: {
          key: EVERYTHING,
          range_end: EVERYTHING,
          start_revision: Math.max(1, this.#seen),
          prev_kv: true,
        },
      });
    } catch (error) {
      this.#reconnect(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #receive(response: IWatchResponse): void {
    const compactRevision = Number(response.compact_revision);
    if (compactRevision > 0) {
      this.close();
      this.handler.onCompacted(new CompactedError(completeRevision(compactRevision)));
      return;
    }
    if (response.canceled) {
      this.#reconnect(new Error(`etcd ended the watch: ${response.cancel_reason}`));
      return;
    }
    this.#retryMs = FIRST_RETRY_MS;
    const fresh = response.events.filter((event) => Number(event.kv.mod_revision) > this.#seen);
    const last = fresh.at(-1);
    if (!last) return;
    this.#seen = Number(last.kv.mod_revision);
    this.handler.onEvents(numberEvents(fresh), completeRevision(this.#seen));
  }

  #reconnect(error: Error | undefined): void {
    this.#drop();
    if (this.#closed) return;
    this.connection.streamFailed();
    this.services.log.warn(
      { error, after: this.#seen },
      'the watch of etcd was interrupted; connecting again',
    );
    this.#cancelRetry = this.services.clock.after(this.#retryMs, () => void this.#connect());
    this.#retryMs = Math.min(LONGEST_RETRY_MS, this.#retryMs * 2);
  }

  #drop(): void {
    const stream = this.#stream;
    this.#stream = undefined;
    if (!stream) return;
    cancelStream(stream);
  }
}

/** Ended first, so that the library does not take our cancellation for a fault of the endpoint. */
function cancelStream(stream: WatchStream): void {
  stream.end();
  stream.cancel();
}
