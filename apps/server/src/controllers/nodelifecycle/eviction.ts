import type { Pod, Taint, Toleration } from 'kubernetes-types/core/v1';

/**
 * When the taints of its node drive a pod away, in milliseconds since the epoch: 0 is at once, undefined never. A
 * taint that nothing tolerates drives it away at once; tolerated ones at the earliest time that one of them allows,
 * counted from when the taint and the pod had come together.
 */
export function evictionTime(pod: Pod, taints: readonly Taint[]): number | undefined {
  let earliest: number | undefined;
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue;
    const tolerations = (pod.spec?.tolerations ?? []).filter((toleration) => covers(toleration, taint));
    if (tolerations.length === 0) return 0;
    const seconds = tolerations.flatMap(({ tolerationSeconds }) => tolerationSeconds ?? []);
    if (seconds.length === 0) continue;
    const since = Math.max(Date.parse(taint.timeAdded ?? '') || 0, cameAt(pod));
    const time = since + Math.max(0, Math.min(...seconds)) * 1000;
    earliest = earliest === undefined ? time : Math.min(earliest, time);
  }
  return earliest;
}

/** When the pod came to its node. */
function cameAt({ metadata, status }: Pod): number {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  return Date.parse(scheduled?.lastTransitionTime ?? metadata?.creationTimestamp ?? '') || 0;
}

function covers(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}
