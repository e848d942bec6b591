import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { isFinished } from '../machinery/pods';

/** Set by whoever knows that a node will not come back: its volumes may move at once. */
const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service';

export type Verdict =
  /** Nobody will ever end it: the kubelet that would is not there. */
  | { readonly remove: 'now'; readonly because: string }
  /** Its node is not in the cache: ask the server, which knows. */
  | { readonly remove: 'if-node-is-gone'; readonly node: string }
  | { readonly remove: 'no' };

export function judgePod(pod: Pod, nodeOf: (name: string) => Node | undefined): Verdict {
  const name = pod.spec?.nodeName;
  const node = name ? nodeOf(name) : undefined;
  if (name && !node) return { remove: 'if-node-is-gone', node: name };
  if (!pod.metadata?.deletionTimestamp) return { remove: 'no' };
  if (!name) return { remove: 'now', because: 'it was deleted before it had a node' };
  if (node && isOutOfService(node)) return { remove: 'now', because: `its node ${name} is out of service` };
  return { remove: 'no' };
}

/** Not ready, and somebody has said that it stays so. */
export function isOutOfService(node: Node): boolean {
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  return !ready && (node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false);
}

/** Finished pods beyond the threshold, the oldest first. */
export function surplusFinished(pods: readonly Stored<Pod>[], threshold: number): Stored<Pod>[] {
  const finished = pods.filter((pod) => isFinished(pod) && !pod.metadata.deletionTimestamp);
  if (finished.length <= threshold) return [];
  const age = ({ metadata }: Stored<Pod>) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
  finished.sort((a, b) => (age(a) < age(b) ? -1 : 1));
  return finished.slice(0, finished.length - threshold);
}
