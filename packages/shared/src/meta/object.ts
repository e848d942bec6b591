import type * as meta from 'kubernetes-types/meta/v1';

/** Wire-shaped metadata: times are RFC 3339 strings, never Dates. */
export type ObjectMeta = meta.ObjectMeta;
export type OwnerReference = meta.OwnerReference;
export type LabelSelector = meta.LabelSelector;
export type Condition = meta.Condition;
export type Status = meta.Status;
export type StatusCause = meta.StatusCause;

/** What every persisted API object has. Field order on the wire: kind, apiVersion, metadata, then the rest. */
export interface KubeObject {
  kind?: string;
  apiVersion?: string;
  metadata?: ObjectMeta;
}

/** An object as the API returns it: the server has filled kind, apiVersion, name, uid and resourceVersion. */
export type Stored<T extends KubeObject> = T & {
  kind: string;
  apiVersion: string;
  metadata: ObjectMeta & { name: string; uid: string; resourceVersion: string };
};

/** A list answer. `metadata.resourceVersion` is the revision at which the whole list was true. */
export interface ObjectList<T extends KubeObject> {
  kind: string;
  apiVersion: string;
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  items: Stored<T>[];
}

/** `namespace/name`, or `name` for a cluster-scoped object: the key of informers and work queues. */
export type ObjectKey = string;

export function keyOf(object: KubeObject): ObjectKey {
  const { namespace, name } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : (name ?? '');
}

/** The reverse of {@link keyOf}. */
export function splitKey(key: ObjectKey): { namespace: string | undefined; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
