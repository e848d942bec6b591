import type { PodInfo } from '../../snapshot/pod-info';

/** Milliseconds; a pod that its kubelet has not started yet counts as started last. */
export function startedAt({ pod }: PodInfo): number {
  const started = pod.status?.startTime;
  return started === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(started);
}

/** Sorts the most important pod first: by priority, then whoever runs longest. */
export function byImportance(a: PodInfo, b: PodInfo): number {
  return (
    b.priority - a.priority || startedAt(a) - startedAt(b) || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
  );
}
