import type { ResourceType } from '../meta/kind';
import type { KubeObject, ObjectKey, Stored } from '../meta/object';

/**
 * A local, always-current copy of one resource: list, then watch from the list's revision, for ever.
 * Handlers see each change once, in order, per object; after a relist the differences only.
 * What handlers and readers get is shared and frozen: never mutate it.
 */
export interface Informer<T extends KubeObject> {
  readonly type: ResourceType<T>;
  /** True once the first list is in the store and its ADDED handlers have run. */
  readonly hasSynced: boolean;
  synced(): Promise<void>;
  /** Everything up to this resourceVersion is in here; undefined before the first list. */
  readonly revision: string | undefined;
  get(key: ObjectKey): Stored<T> | undefined;
  list(): Stored<T>[];
  /** Objects for which index function `name` returned `value`. Unknown names throw. */
  byIndex(name: string, value: string): Stored<T>[];
  /** Adds a handler; it first gets `added` for everything already known. Returns its removal. */
  subscribe(handler: InformerHandler<T>): () => void;
  start(): void;
  stop(): void;
}

export interface InformerHandler<T extends KubeObject> {
  added?(object: Stored<T>): void;
  updated?(object: Stored<T>, previous: Stored<T>): void;
  deleted?(object: Stored<T>): void;
}

export interface InformerOptions<T extends KubeObject> {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly indexes?: Readonly<Record<string, (object: Stored<T>) => string[]>>;
}
