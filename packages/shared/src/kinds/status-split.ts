import type { KubeObject, ObjectMeta } from '../meta/object';

/**
 * The split between what the main resource writes and what `/status` writes. kubernetes-types marks status as
 * read-only, which it is to clients; here it is set.
 */
interface WithStatus extends KubeObject {
  spec?: unknown;
  status?: unknown;
}

export function setStatus<T extends KubeObject & { readonly status?: unknown }>(
  object: T,
  status: T['status'],
): void {
  const writable: WithStatus = object;
  if (status === undefined) delete writable.status;
  else writable.status = status;
}

/** On a write of the main resource the status stays what it was. */
export function keepStatus<T extends KubeObject & { readonly status?: unknown }>(next: T, previous: T): void {
  setStatus(next, previous.status);
}

/** On a write of `/status` the spec stays what it was; labels, annotations and the like may change, as in Kubernetes. */
export function keepAllButStatus(next: WithStatus, previous: WithStatus): void {
  if (previous.spec === undefined) delete next.spec;
  else next.spec = previous.spec;
}

/** For the kinds whose `/status` leaves the metadata alone as well. */
export function keepAllButStatusAlone(next: WithStatus, previous: WithStatus): void {
  keepAllButStatus(next, previous);
  for (const field of ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const)
    keepMetadata(next, previous, field);
}

/** A part of the metadata stays what it was. */
export function keepMetadata(next: KubeObject, previous: KubeObject, field: keyof ObjectMeta): void {
  next.metadata ??= {};
  const kept = previous.metadata?.[field];
  if (kept === undefined) delete next.metadata[field];
  else Object.assign(next.metadata, { [field]: kept });
}
