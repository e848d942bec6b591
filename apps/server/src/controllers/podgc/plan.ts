import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import { isFinished } from '../machinery/pods';

export type Verdict =
  /** Nobody will ever end it: the kubelet that would is not there. */
  | { readonly remove: 'now'; readonly because: string }
  /** Its node is not in the cache: ask the server, which knows. */
  | { readonly remove: 'if-node-is-gone'; readonly node: string }
  | { readonly remove: 'no' };

export function judgePod(pod: Pod, hasNode: (name: string) => boolean): Verdict {
  const node = pod.spec?.nodeName;
  if (node && !hasNode(node)) return { remove: 'if-node-is-gone', node };
  if (!node && pod.metadata?.deletionTimestamp) {
    return { remove: 'now', because: 'it was deleted before it had a node' };
  }
  return { remove: 'no' };
}

/** Finished pods beyond the threshold, the oldest first. */
export function surplusFinished(pods: readonly Stored<Pod>[], threshold: number): Stored<Pod>[] {
  const finished = pods.filter((pod) => isFinished(pod) && !pod.metadata.deletionTimestamp);
  if (finished.length <= threshold) return [];
  const age = ({ metadata }: Stored<Pod>) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  finished.sort((a, b) => (age(a) < age(b) ? -1 : 1));
  return finished.slice(0, finished.length - threshold);
}
