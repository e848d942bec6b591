import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';
import {
  MAX_PREVIEW_REPLICAS,
  type PlacementPreview,
  SCHEDULING_GROUP,
  SCHEDULING_VERSION,
} from '@wheelhouse/shared/scheduling/placement-preview';
import { workloadKind } from '../workloads/model';
import type { Preview } from './preview';

/** How the scheduler is asked. */
export function previewRequest(
  workload: FleetWorkload,
  replicas: number,
): { path: string; body: PlacementPreview } {
  return {
    path: `/apis/${SCHEDULING_GROUP}/${SCHEDULING_VERSION}/namespaces/${encodeURIComponent(workload.namespace)}/placementpreviews`,
    body: {
      apiVersion: `${SCHEDULING_GROUP}/${SCHEDULING_VERSION}`,
      kind: 'PlacementPreview',
      spec: {
        workload: {
          group: workload.resource === 'replicationcontrollers' ? '' : 'apps',
          kind: workloadKind(workload),
          name: workload.name,
        },
        replicas: Math.min(replicas, MAX_PREVIEW_REPLICAS),
      },
    },
  };
}

/** What it answers, for the hand. Undefined when it is no answer. */
export function readPreview(answer: PlacementPreview, target: number): Preview | undefined {
  const { status } = answer;
  if (!status) return undefined;
  const byNode = new Map<string, number>();
  let fitting = 0;
  for (const { node, pod } of status.placements) {
    // Pods that exist and wait are not what the hand adds.
    if (pod !== undefined) continue;
    fitting += 1;
    byNode.set(node, (byNode.get(node) ?? 0) + 1);
  }
  const { maximum } = status;
  return {
    target,
    byNode,
    fitting,
    evicted: status.evictions?.length ?? 0,
    leaving: new Set(status.removals.map(({ pod }) => pod)),
    room: maximum.exact ? maximum.replicas : undefined,
    limit: maximum.reason || undefined,
  };
}
