import type { KubeObject } from '../meta/object';

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

/** On a write of `/status` the spec and the owners stay what they were; labels and annotations may change, as in Kubernetes. */
export function keepAllButStatus(next: WithStatus, previous: WithStatus): void {
  if (previous.spec === undefined) delete next.spec;
  else next.spec = previous.spec;
  const owners = previous.metadata?.ownerReferences;
  if (next.metadata) {
    if (owners) next.metadata.ownerReferences = owners;
    else delete next.metadata.ownerReferences;
  }
}
