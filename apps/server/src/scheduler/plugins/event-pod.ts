import type { Pod } from 'kubernetes-types/core/v1';
import type { ClusterEvent } from '../framework/plugin';
import { type PodInfo, podInfo } from '../snapshot/pod-info';

/** The pod that an event on pods is about; undefined for other events. */
export function eventPod({ kind, object }: ClusterEvent): PodInfo | undefined {
  if ((kind !== 'pod-placed' && kind !== 'pod-removed') || object === undefined) return undefined;
  return podInfo(object as Pod); // what events of these kinds carry
}
