import {
  Etcd3,
  EtcdLeaseInvalidError,
  GRPCInvalidArgumentError,
  type IDuplexStream,
  type IOptions,
  type IWatchRequest,
  type IWatchResponse,
} from 'etcd3';
import { CompactedError, StoreUnavailableError } from '../store';

const CALL_TIMEOUT_MS = 10_000;

type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>;

/** Replaces the library's retries and circuit breakers: a repeated write is not the same write. */
const passThrough: Policy = {
  // The library declares this field for its types only.
  _altReturn: undefined as never,
  onSuccess: () => ({ dispose() {} }),
  onFailure: () => ({ dispose() {} }),
  async execute(call, signal) {
    return call({ signal: signal ?? new AbortController().signal });
  },
};

export type WatchStream = IDuplexStream<IWatchRequest, IWatchResponse>;
export type Calls = Pick<Etcd3, 'kv' | 'leaseClient' | 'watchClient'>;

/**
 * The endpoints of one etcd cluster. Calls go to one of them until it fails; then the next one has its turn.
 * Reads are tried on each once; writes are never repeated here.
 */
export class EtcdConnection {
  readonly #clients: readonly Etcd3[];
  #current = 0;
  #closed = false;

  constructor(readonly endpoints: readonly string[]) {
    this.#clients = endpoints.map(
      (endpoint) =>
        new Etcd3({
          hosts: endpoint,
          faultHandling: { global: passThrough, host: () => passThrough },
          grpcOptions: {
            'grpc.max_receive_message_length': -1,
            'grpc.max_send_message_length': -1,
            // Finds out within 20 s that the other side is gone without a word.
            'grpc.keepalive_time_ms': 10_000,
            'grpc.keepalive_timeout_ms': 10_000,
            'grpc.initial_reconnect_backoff_ms': 100,
            'grpc.max_reconnect_backoff_ms': 1000,
          },
        }),
    );
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** `etcd at http://a:2379, http://b:2379`, for messages. */
  get name(): string {
    return `etcd at ${this.endpoints.join(', ')}`;
  }

  /** Runs a call that may be repeated without harm. */
  async read<T>(call: (calls: Calls, deadline: Date) => Promise<T>, timeoutMs = CALL_TIMEOUT_MS): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(call, timeoutMs);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || attempt >= this.#clients.length || this.#closed)
          throw error;
      }
    }
  }

  /** Runs a call exactly once. Throws StoreUnavailableError when its outcome is not known. */
  async once<T>(call: (calls: Calls, deadline: Date) => Promise<T>, timeoutMs = CALL_TIMEOUT_MS): Promise<T> {
    if (this.#closed) throw new StoreUnavailableError(`the connection to ${this.name} is closed`);
    const index = this.#current;
    try {
      return await call(this.#client(index), new Date(Date.now() + timeoutMs));
    } catch (error) {
      throw this.#translate(error, index);
    }
  }

  async watchStream(): Promise<WatchStream> {
    return this.once((calls) => calls.watchClient.watch());
  }

  /** A stream broke: the next one is opened at the next endpoint. */
  streamFailed(): void {
    this.#turn(this.#current);
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#clients) client.close();
  }

  #client(index: number): Etcd3 {
    const client = this.#clients[index];
    if (!client) throw new StoreUnavailableError('no etcd endpoint is configured');
    return client;
  }

  #turn(failed: number): void {
    if (this.#current === failed) this.#current = (failed + 1) % this.#clients.length;
  }

  #translate(error: unknown, index: number): unknown {
    if (!(error instanceof Error)) return error;
    if (isRejection(error) || error instanceof StoreUnavailableError) return error;
    if (error.message.includes('required revision has been compacted')) return new CompactedError(undefined);
    if (isFuture(error)) return error;
    this.#turn(index);
    return new StoreUnavailableError(`${this.name} cannot be used: ${reason(error)}`, { cause: error });
  }
}

/** etcd looked at the call and refused it: nothing was changed. */
export function isRejection(error: unknown): boolean {
  return error instanceof GRPCInvalidArgumentError || isLeaseMissing(error);
}

export function isLeaseMissing(error: unknown): boolean {
  return error instanceof EtcdLeaseInvalidError;
}

export function isFuture(error: unknown): boolean {
  return error instanceof Error && error.message.includes('required revision is a future revision');
}

/** The library prefixes messages with class names and codes; people need neither. */
function reason(error: Error): string {
  return error.message.replace(/^\w+Error: /, '').replace(/^\d+ ([A-Z_]+): /, '');
}
