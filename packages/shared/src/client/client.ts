import type { ResourceType } from '../meta/kind';
import type { KubeObject, ObjectList, Status, Stored } from '../meta/object';

/**
 * The one door to the cluster's objects. Two transports implement it: in-process (objects are deeply frozen
 * and shared, nothing is serialised) and HTTPS. Callers cannot tell them apart, so none may mutate what it reads.
 *
 * Errors: every method rejects with a {@link import('../errors').ApiError} that carries the server's Status;
 * ask `isNotFound(e)`, `isConflict(e)` … A transport failure is an ApiError with reason `ServiceUnavailable`
 * (nothing reached the server, or the answer was lost: a write may or may not have happened).
 */
export interface Client {
  get<T extends KubeObject>(type: ResourceType<T>, ref: ObjectRef, options?: GetOptions): Promise<Stored<T>>;
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions): Promise<ObjectList<T>>;
  /**
   * Yields events after `resourceVersion`, in order, none twice. Without one it begins with an ADDED event for
   * everything there is. Ends normally when the server ends the stream (watch again from the last revision);
   * throws an ApiError with `isExpired` when the revision is too old (list again). Aborting `signal` ends it.
   */
  watch<T extends KubeObject>(type: ResourceType<T>, options?: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  /** Full replacement; `metadata.resourceVersion`, when present, must match or the call fails with a conflict. */
  update<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<Stored<T>>;
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions & { force?: boolean },
  ): Promise<Stored<T>>;
  /** Resolves with the deleted object where the kind answers so, otherwise with a Status. */
  delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options?: DeleteOptions,
  ): Promise<Stored<T> | Status>;
  /** POST to a subresource that is an action: `binding`, `eviction`, `token`. */
  createSubresource<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    subresource: string,
    body: KubeObject,
    options?: WriteOptions,
  ): Promise<KubeObject | Status>;
}

/** `namespace` is required for namespaced kinds. */
export interface ObjectRef {
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface GetOptions {
  readonly resourceVersion?: string;
  /** Reads `/scale`: the answer is a Scale, whatever the type says. */
  readonly subresource?: 'scale';
  readonly signal?: AbortSignal;
}

export interface ListOptions {
  /** Undefined lists all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly signal?: AbortSignal;
}

export interface WatchOptions extends Omit<ListOptions, 'limit' | 'continue'> {
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  /** Seconds after which the server ends the stream. */
  readonly timeoutSeconds?: number;
}

export interface WriteOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  /** Writes through `/status`, `/scale` or another object-shaped subresource. */
  readonly subresource?: string;
  readonly signal?: AbortSignal;
}

export interface DeleteOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
}

export type Patch =
  | { readonly type: 'json'; readonly body: readonly JsonPatchOperation[] }
  | { readonly type: 'merge'; readonly body: object }
  | { readonly type: 'strategic'; readonly body: object }
  | { readonly type: 'apply'; readonly body: object };

export interface JsonPatchOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Stored<T> }
  /** Only the revision (and annotations) of a bookmark's object mean anything. */
  | { readonly type: 'BOOKMARK'; readonly object: Stored<T> };
