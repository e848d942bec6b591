import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1';
import { humanDuration } from '../../meta/duration';
import type { PrintColumn, RowCondition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';

/** What `kubectl get pods` says of a pod. */
export interface PodSummary {
  /** `1/2`: ready containers of all. */
  readonly ready: string;
  /** The phase, or the reason that tells more: `CrashLoopBackOff`, `Init:0/1`, `Terminating`. */
  readonly status: string;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
}

export function summarizePod(pod: Pod): PodSummary {
  const spec = pod.spec ?? { containers: [] };
  const status = pod.status ?? {};
  let reason = status.reason || status.phase || 'Unknown';
  if (
    status.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'SchedulingGated')
  ) {
    reason = 'SchedulingGated';
  }
  let restarts = 0;
  let lastRestart: string | undefined;
  let total = spec.containers.length;
  let ready = 0;
  const count = (container: ContainerStatus) => {
    restarts += container.restartCount ?? 0;
    const finished = container.lastState?.terminated?.finishedAt;
    if (finished && (!lastRestart || finished > lastRestart)) lastRestart = finished;
  };

  const restartable = new Set(
    (spec.initContainers ?? [])
      .filter(({ restartPolicy }) => restartPolicy === 'Always')
      .map(({ name }) => name),
  );
  total += restartable.size;
  const initializing = initReason(pod, restartable);
  if (initializing !== undefined) {
    reason = initializing;
    for (const container of status.initContainerStatuses ?? []) count(container);
  } else {
    for (const container of status.initContainerStatuses ?? []) {
      if (!restartable.has(container.name)) continue;
      count(container);
      if (container.started && container.ready) ready++;
    }
  }
  if (initializing === undefined || hasStarted(pod)) {
    let running = false;
    for (const container of [...(status.containerStatuses ?? [])].reverse()) {
      count(container);
      const { waiting, terminated, running: runs } = container.state ?? {};
      if (waiting?.reason) reason = waiting.reason;
      else if (terminated?.reason) reason = terminated.reason;
      else if (terminated) {
        reason = terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`;
      } else if (container.ready && runs) {
        running = true;
        ready++;
      }
    }
    if (reason === 'Completed' && running) {
      const isReady = status.conditions?.some(
        ({ type, status: value }) => type === 'Ready' && value === 'True',
      );
      reason = isReady ? 'Running' : 'NotReady';
    }
  }
  if (pod.metadata?.deletionTimestamp)
    reason = status.reason === 'NodeLost' ? 'Unknown' : terminal(status.phase) ? reason : 'Terminating';
  return { ready: `${ready}/${total}`, status: reason, restarts, lastRestart };
}

const terminal = (phase: string | undefined) => phase === 'Succeeded' || phase === 'Failed';

function hasStarted(pod: Pod): boolean {
  return (
    pod.status?.conditions?.some(({ type, status }) => type === 'Initialized' && status === 'True') ?? false
  );
}

/** Why the pod is still initializing; undefined when it no longer is. */
function initReason(pod: Pod, restartable: ReadonlySet<string>): string | undefined {
  const statuses = pod.status?.initContainerStatuses ?? [];
  const total = pod.spec?.initContainers?.length ?? 0;
  for (const [i, container] of statuses.entries()) {
    const { terminated, waiting } = container.state ?? {};
    if (terminated && terminated.exitCode === 0) continue;
    if (restartable.has(container.name) && container.started) continue;
    if (terminated) {
      if (terminated.reason) return `Init:${terminated.reason}`;
      return terminated.signal ? `Init:Signal:${terminated.signal}` : `Init:ExitCode:${terminated.exitCode}`;
    }
    if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
    return `Init:${i}/${total}`;
  }
  return undefined;
}

export const podColumns: readonly PrintColumn<Pod>[] = [
  nameColumn,
  {
    name: 'Ready',
    type: 'string',
    description: 'The aggregate readiness state of this pod for accepting traffic.',
    cell: (pod) => summarizePod(pod).ready,
  },
  {
    name: 'Status',
    type: 'string',
    description: 'The aggregate status of the containers in this pod.',
    cell: (pod) => summarizePod(pod).status,
  },
  {
    name: 'Restarts',
    type: 'string',
    description:
      'The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.',
    cell(pod, now) {
      const { restarts, lastRestart } = summarizePod(pod);
      if (restarts === 0 || !lastRestart) return String(restarts);
      return `${restarts} (${humanDuration(now.getTime() - Date.parse(lastRestart))} ago)`;
    },
  },
  ageColumn,
  {
    name: 'IP',
    type: 'string',
    priority: 1,
    description: 'The address of the pod.',
    cell: (pod) => pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || '<none>',
  },
  {
    name: 'Node',
    type: 'string',
    priority: 1,
    description: 'The node that the pod was placed on.',
    cell: (pod) => pod.spec?.nodeName || '<none>',
  },
  {
    name: 'Nominated Node',
    type: 'string',
    priority: 1,
    description: 'Where the pod may go once others have made room.',
    cell: (pod) => pod.status?.nominatedNodeName || '<none>',
  },
  {
    name: 'Readiness Gates',
    type: 'string',
    priority: 1,
    description: 'Further conditions that make the pod ready: those that hold, of all.',
    cell(pod) {
      const gates = pod.spec?.readinessGates ?? [];
      if (gates.length === 0) return '<none>';
      const met = gates.filter(({ conditionType }) =>
        pod.status?.conditions?.some(({ type, status }) => type === conditionType && status === 'True'),
      );
      return `${met.length}/${gates.length}`;
    },
  },
];

/** Clients may leave pods out that have come to their end. */
export function podRowConditions({ status }: Pod): readonly RowCondition[] {
  switch (status?.phase) {
    case 'Succeeded':
      return [completed('Succeeded', 'The pod has completed successfully.')];
    case 'Failed':
      return [completed('Failed', 'The pod failed.')];
    default:
      return [];
  }
}

function completed(reason: string, message: string): RowCondition {
  return { type: 'Completed', status: 'True', reason, message };
}
