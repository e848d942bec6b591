/**
 * The store: what etcd offers, and no more. Values are opaque bytes. Every change of a key gets a revision of its
 * own out of one counter (a safe integer): revisions grow strictly, over all keys, across restarts, and for both
 * implementations. `contract/` holds the suite that each implementation runs.
 */

/** A revision: a positive safe integer. 0 stands for "does not exist" in compares. */
export type Revision = number;

export interface StoredEntry {
  readonly key: string;
  /** Read-only: implementations and the watch cache share these bytes. */
  readonly value: Uint8Array;
  /**
   * Tells one life of a key from the next: the same for all changes since the key was last absent, at or before the
   * revision of the first of them, and after everything of the life before. (etcd knows it to the commit, not to the
   * write: do not compare it with modRevision to recognise a creation.)
   */
  readonly createRevision: Revision;
  /** Revision of the last change. */
  readonly modRevision: Revision;
}

export interface RangeOptions {
  /** All keys that begin with it. */
  readonly prefix: string;
  /** Start after this key (exclusive): the continue position of a paged list. */
  readonly after?: string;
  readonly limit?: number;
  /** Read at this revision; default: the current one. Throws {@link CompactedError} or {@link FutureRevisionError}. */
  readonly revision?: Revision;
}

export interface RangeResult {
  /** In ascending byte order of the key. */
  readonly entries: StoredEntry[];
  /** True when `limit` cut the answer. */
  readonly more: boolean;
  /** Number of keys in the range, from `after` on, before `limit` was applied. */
  readonly count: number;
  /** The revision at which this answer was true. */
  readonly revision: Revision;
}

export interface ReadStore {
  /** The latest revision that any acknowledged write of any process has. Linearizable. */
  currentRevision(): Promise<Revision>;
  /** Linearizable. */
  get(key: string): Promise<StoredEntry | undefined>;
  range(options: RangeOptions): Promise<RangeResult>;
}

/** One write. `expected` is the modRevision that the key must have: 0 = must not exist, undefined = any. */
export type Write =
  | {
      readonly op: 'put';
      readonly key: string;
      readonly value: Uint8Array;
      readonly expected?: Revision;
      readonly lease?: LeaseId;
    }
  | { readonly op: 'delete'; readonly key: string; readonly expected?: Revision };

export type WriteResult =
  | { readonly ok: true; readonly revision: Revision }
  /** The compare failed; `current` is what stands there now (undefined: nothing). Nothing was written. */
  | { readonly ok: false; readonly current: StoredEntry | undefined };

export interface WriteStore {
  /**
   * Compare-and-swap of one key. Resolves once the write is durable. Writes waiting at the same moment share a
   * commit; a failed compare fails alone. Deleting an absent key fails its compare (`ok: false`).
   * Throws {@link StoreUnavailableError} when the outcome is not known.
   */
  write(write: Write): Promise<WriteResult>;
}

export type StoreEvent =
  | {
      readonly type: 'put';
      readonly entry: StoredEntry;
      readonly previous: StoredEntry | undefined;
      readonly revision: Revision;
    }
  | {
      readonly type: 'delete';
      readonly key: string;
      readonly previous: StoredEntry | undefined;
      readonly revision: Revision;
    };

export interface WatchHandler {
  /** Events in revision order, each once. Called synchronously, must not throw. */
  onEvents(events: readonly StoreEvent[]): void;
  /** All events up to and including this revision have been delivered (also sent when idle, see requestProgress). */
  onProgress(revision: Revision): void;
  /** The watch has ended for good, e.g. with {@link CompactedError}. Lost connections are resumed silently. */
  onError(error: Error): void;
}

export interface StoreWatch {
  /** Asks for an onProgress with a revision at least as new as any write acknowledged before this call. */
  requestProgress(): void;
  close(): void;
}

export interface WatchStore {
  /** Everything under `prefix` that happens after revision `after` (exclusive). */
  watch(options: { readonly prefix: string; readonly after: Revision }, handler: WatchHandler): StoreWatch;
}

export type LeaseId = string;

export interface LeaseStore {
  /** Keys written with the lease are deleted `ttlSeconds` after its last renewal. */
  grantLease(ttlSeconds: number): Promise<LeaseId>;
  /** Throws {@link LeaseNotFoundError}. */
  renewLease(id: LeaseId): Promise<void>;
  revokeLease(id: LeaseId): Promise<void>;
}

export interface Store extends ReadStore, WriteStore, WatchStore, LeaseStore {
  /** How far one commit may move the revision, however few writes share it; 1 unless told. */
  readonly revisionsPerCommit?: number;
  /** Forgets history before `revision`; current values stay. Reads and watches before it throw CompactedError. */
  compact(revision: Revision): Promise<void>;
  close(): Promise<void>;
}

export class CompactedError extends Error {
  override name = 'CompactedError';
  constructor(readonly compactRevision: Revision | undefined) {
    super(
      `the requested revision has been compacted${compactRevision ? ` (oldest: ${compactRevision})` : ''}`,
    );
  }
}

export class FutureRevisionError extends Error {
  override name = 'FutureRevisionError';
  constructor(
    readonly revision: Revision,
    readonly current: Revision,
  ) {
    super(`revision ${revision} is newer than the current one, ${current}`);
  }
}

export class LeaseNotFoundError extends Error {
  override name = 'LeaseNotFoundError';
}

/** The store cannot be reached, or the outcome of a write is not known. `message` names the endpoint. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
}
