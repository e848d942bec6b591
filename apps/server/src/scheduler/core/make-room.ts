import type { Nominations } from '../framework/nominations';
import type { FailedAttempt, PostFilterResult } from '../framework/plugin';
import type { PodInfo } from '../snapshot/pod-info';

/** Asks the post-filters, until one of them has a way, to make room for a pod that fits nowhere. */
export function makeRoom(pod: PodInfo, attempt: FailedAttempt): PostFilterResult | undefined {
  const cycle = { pod, snapshot: attempt.snapshot };
  const messages: string[] = [];
  const refusedBy = new Set<string>();
  for (const plugin of attempt.framework.postFilters) {
    const result = plugin.postFilter(cycle, attempt);
    if (result?.nominate !== undefined || result?.keep) return result;
    if (result?.message) messages.push(result.message);
    for (const name of result?.refusedBy ?? []) refusedBy.add(name);
  }
  return messages.length > 0 ? { message: messages.join(', '), refusedBy } : undefined;
}

/** Keeps the node for the pod. Answers less important pods that it was kept for before. */
export function nominate(nominations: Nominations, pod: PodInfo, node: string): PodInfo[] {
  const dismissed = nominations
    .on(node)
    .filter((other) => other.uid !== pod.uid && other.priority < pod.priority);
  for (const { uid } of dismissed) nominations.clear(uid);
  nominations.set(pod, node);
  return dismissed;
}
