import type { FleetContainerTrouble, FleetPod, PodPhase } from '@wheelhouse/shared/console/protocol';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { ContainerStatus, Pod, PodSpec } from 'kubernetes-types/core/v1';
import { milliCpu, wholeAmount } from './amounts';
import { base, controllerOf } from './project-base';

const PHASES: readonly string[] = ['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'];

export function projectPod(pod: Stored<Pod>): FleetPod {
  const { spec, status } = pod;
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const scheduled = status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  const ready =
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
  const owner = controllerOf(pod);
  const trouble = troubleOf(statuses);
  return {
    resource: 'pods',
    ...base(pod),
    phase: phaseOf(pod),
    ready,
    restarts: statuses.reduce((sum, each) => sum + each.restartCount, 0),
    ...(spec?.nodeName ? { node: spec.nodeName } : {}),
    ...(status?.podIP ? { ip: status.podIP } : {}),
    ...(owner ? { owner } : {}),
    ...(trouble ? { trouble } : {}),
    ...(scheduled?.status === 'False' && scheduled.message ? { unscheduled: scheduled.message } : {}),
    ...(status?.reason ? { reason: status.reason } : {}),
    ...(status?.message ? { message: status.message } : {}),
    ...requestsOf(spec),
    containers: (spec?.containers ?? []).map((container) => container.name),
  };
}

function phaseOf(pod: Stored<Pod>): PodPhase {
  if (pod.metadata.deletionTimestamp) return 'Terminating';
  const phase = pod.status?.phase ?? 'Pending';
  // Checked just above: one of the five phases.
  return PHASES.includes(phase) ? (phase as PodPhase) : 'Unknown';
}

/** The worst first: one that waits with a reason, then one that ended badly; plain starting says nothing. */
function troubleOf(statuses: readonly ContainerStatus[]): FleetContainerTrouble | undefined {
  for (const { name, state, lastState } of statuses) {
    const waiting = state?.waiting;
    if (!waiting?.reason || waiting.reason === 'ContainerCreating' || waiting.reason === 'PodInitializing')
      continue;
    const last = lastState?.terminated;
    return {
      container: name,
      state: 'waiting',
      reason: waiting.reason,
      ...(waiting.message ? { message: waiting.message } : {}),
      ...(last ? { exitCode: last.exitCode } : {}),
    };
  }
  for (const { name, state } of statuses) {
    const ended = state?.terminated;
    if (!ended || ended.exitCode === 0) continue;
    return {
      container: name,
      state: 'terminated',
      ...(ended.reason ? { reason: ended.reason } : {}),
      ...(ended.message ? { message: ended.message } : {}),
      exitCode: ended.exitCode,
    };
  }
  return undefined;
}

/** What a pod asks of a node: the sum of its containers, or its largest init container where that is more. */
export function requestsOf(spec: PodSpec | undefined): { cpu: number; memory: number } {
  let cpu = 0;
  let memory = 0;
  for (const { resources } of spec?.containers ?? []) {
    cpu += milliCpu(resources?.requests?.cpu) ?? 0;
    memory += wholeAmount(resources?.requests?.memory) ?? 0;
  }
  for (const { resources } of spec?.initContainers ?? []) {
    cpu = Math.max(cpu, milliCpu(resources?.requests?.cpu) ?? 0);
    memory = Math.max(memory, wholeAmount(resources?.requests?.memory) ?? 0);
  }
  return { cpu, memory };
}
