import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { workloadKind } from '../workloads/model';
import type { Preview } from './preview';

/** How the scheduler is asked. */
export function previewRequest(workload: FleetWorkload, replicas: number): { path: string; body: object } {
  return {
    path: `/apis/scheduling.wheelhouse.dev/v1/namespaces/${encodeURIComponent(workload.namespace)}/placementpreviews`,
    body: {
      apiVersion: 'scheduling.wheelhouse.dev/v1',
      kind: 'PlacementPreview',
      spec: { workload: { kind: workloadKind(workload), name: workload.name }, replicas },
    },
  };
}

/** What it answers, as far as it can be read; it comes from another program. */
export function readPreview(answer: unknown, target: number): Preview {
  const status = objectIn(answer, 'status');
  const byNode = new Map<string, number>();
  const nodes = status.nodes;
  if (Array.isArray(nodes)) {
    for (const each of nodes) {
      const { name, count } = asObject(each);
      if (typeof name === 'string' && typeof count === 'number' && count > 0) byNode.set(name, count);
    }
  }
  let fitting = 0;
  for (const count of byNode.values()) fitting += count;
  return {
    target,
    byNode,
    fitting,
    room: typeof status.room === 'number' ? status.room : undefined,
    limit: typeof status.message === 'string' && status.message ? status.message : undefined,
  };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function objectIn(value: unknown, key: string): Record<string, unknown> {
  return asObject(asObject(value)[key]);
}
