import type {
  ContainerStatus as ApiContainerStatus,
  Container,
  ContainerState,
  ContainerStateTerminated,
  PodCondition,
  PodStatus,
} from 'kubernetes-types/core/v1';
import type { ContainerStatus } from '../../runtime/runtime';
import {
  ephemeralContainersOf,
  isSidecar,
  latestRun,
  type PodView,
  restartPolicyOf,
  specOf,
} from './pod-view';

export interface StatusContext {
  /** `docker`: container ids read `docker://…`. */
  readonly runtimeName: string;
  readonly hostIp: string;
  readonly now: Date;
  /** Last words of ended runs, by container id. */
  readonly terminationMessages: ReadonlyMap<string, string>;
}

/** Pure: what `status` should say about a pod of this node. Conditions of others are not in it. */
export function computePodStatus(view: PodView, context: StatusContext): PodStatus {
  const { pod, observed, failure } = view;
  if (isTurnedAway(view)) return turnedAway(view);
  const spec = specOf(pod);
  const inits = (spec.initContainers ?? []).map((container) =>
    containerStatus(container, true, view, context),
  );
  const mains = spec.containers.map((container) => containerStatus(container, false, view, context));
  const debugging = ephemeralContainersOf(spec).map((container) => ({
    ...containerStatus(container, false, view, context),
    ready: false,
  }));
  const reported = pod.status?.phase;
  const phase = failure
    ? 'Failed'
    : reported === 'Failed' || reported === 'Succeeded'
      ? reported
      : phaseOf(view, inits, mains);
  const podIp = spec.hostNetwork ? context.hostIp : (observed.sandboxes[0]?.address ?? pod.status?.podIP);
  const conditions = conditionsOf(view, { phase, inits, mains });
  return {
    phase,
    conditions: withTransitionTimes(conditions, pod.status?.conditions ?? [], context.now),
    ...(failure
      ? { reason: failure.reason, ...(failure.message ? { message: failure.message } : {}) }
      : endReason(pod.status)),
    hostIP: context.hostIp,
    hostIPs: [{ ip: context.hostIp }],
    ...(podIp ? { podIP: podIp, podIPs: [{ ip: podIp }] } : {}),
    startTime: view.startTime,
    ...(inits.length ? { initContainerStatuses: inits } : {}),
    containerStatuses: mains,
    ...(debugging.length ? { ephemeralContainerStatuses: debugging } : {}),
    ...(pod.status?.qosClass ? { qosClass: pod.status.qosClass } : {}),
  };
}

/** Also a pod that was turned away before the kubelet was started anew. */
function isTurnedAway({ pod, observed, rejected }: PodView): boolean {
  const { phase, containerStatuses } = pod.status ?? {};
  return observed.containers.length === 0 && (rejected || (phase === 'Failed' && !containerStatuses));
}

/** Kubernetes: why, and nothing of containers, so that lists show the reason. */
const turnedAway = ({ pod, failure, startTime }: PodView): PodStatus => ({
  phase: 'Failed',
  ...(failure
    ? { reason: failure.reason, ...(failure.message ? { message: failure.message } : {}) }
    : endReason(pod.status)),
  startTime,
  ...(pod.status?.qosClass ? { qosClass: pod.status.qosClass } : {}),
});

/** A pod that ended keeps the reason that it ended with. */
function endReason(status: PodStatus | undefined): Pick<PodStatus, 'reason' | 'message'> {
  return {
    ...(status?.reason ? { reason: status.reason } : {}),
    ...(status?.message ? { message: status.message } : {}),
  };
}

function containerStatus(
  container: Container,
  init: boolean,
  view: PodView,
  context: StatusContext,
): ApiContainerStatus {
  const runs = view.observed.containers.filter(({ name }) => name === container.name);
  const [latest, previous] = runs;
  const reported = [
    ...(view.pod.status?.containerStatuses ?? []),
    ...(view.pod.status?.initContainerStatuses ?? []),
    ...(view.pod.status?.ephemeralContainerStatuses ?? []),
  ].find(({ name }) => name === container.name);
  const health = latest ? view.health.get(latest.id) : undefined;
  const running = latest?.state === 'running';
  const started = running && (init && !isSidecar(container) ? true : (health?.started ?? false));
  const done = latest?.state === 'exited' && latest.exitCode === 0;
  const ready = init && !isSidecar(container) ? done : running && started && (health?.ready ?? false);
  const { state, lastState } = statesOf({ container, latest, previous, view, context, reported });
  return {
    name: container.name,
    state,
    lastState,
    ready,
    restartCount: latest?.attempt ?? reported?.restartCount ?? 0,
    image: latest?.image ?? container.image ?? '',
    imageID: latest?.imageId ?? reported?.imageID ?? '',
    ...(latest
      ? { containerID: `${context.runtimeName}://${latest.id}` }
      : reported?.containerID
        ? { containerID: reported.containerID }
        : {}),
    started,
  };
}

interface StateInput {
  readonly container: Container;
  readonly latest: ContainerStatus | undefined;
  readonly previous: ContainerStatus | undefined;
  readonly view: PodView;
  readonly context: StatusContext;
  readonly reported: ApiContainerStatus | undefined;
}

function statesOf(input: StateInput): { state: ContainerState; lastState: ContainerState } {
  const { container, latest, previous, view, context, reported } = input;
  const terminated = (run: ContainerStatus | undefined): ContainerState =>
    run?.state === 'exited' ? { terminated: terminatedState(run, context) } : {};
  const waiting = view.waiting.get(container.name);
  if (latest?.state === 'running') {
    return {
      state: { running: { startedAt: seconds(latest.startedAt) ?? seconds(latest.createdAt) ?? '' } },
      lastState: previous ? terminated(previous) : keptLastState(reported, latest),
    };
  }
  if (latest?.state === 'exited') {
    if (!waiting) {
      return {
        state: terminated(latest),
        lastState: previous ? terminated(previous) : (reported?.lastState ?? {}),
      };
    }
    return { state: { waiting: { ...waiting } }, lastState: terminated(latest) };
  }
  // There was a run, and someone removed it.
  const lost = !latest && reported?.containerID ? lostState(reported) : undefined;
  const fallback = specOf(view.pod).initContainers?.length ? 'PodInitializing' : 'ContainerCreating';
  if (lost && view.failure) return { state: { terminated: lost }, lastState: {} };
  return {
    state: { waiting: { ...(waiting ?? { reason: fallback }) } },
    lastState: lost ? { terminated: lost } : terminated(previous),
  };
}

/** What the runtime no longer knows about the run before, the API still does. */
function keptLastState(reported: ApiContainerStatus | undefined, latest: ContainerStatus): ContainerState {
  if (!reported || latest.attempt === 0) return {};
  if (reported.state?.terminated) return { terminated: reported.state.terminated };
  return reported.lastState ?? {};
}

function lostState(reported: ApiContainerStatus): ContainerStateTerminated {
  return (
    reported.state?.terminated ??
    reported.lastState?.terminated ?? {
      exitCode: 137,
      reason: 'ContainerStatusUnknown',
      message: 'The container could not be located when the pod was inspected',
      ...(reported.containerID ? { containerID: reported.containerID } : {}),
    }
  );
}

function terminatedState(run: ContainerStatus, context: StatusContext): ContainerStateTerminated {
  const exitCode = run.exitCode ?? 0;
  const message = context.terminationMessages.get(run.id) ?? run.message;
  return {
    exitCode,
    reason: run.message ? 'StartError' : run.oomKilled ? 'OOMKilled' : exitCode === 0 ? 'Completed' : 'Error',
    ...(message ? { message } : {}),
    startedAt: seconds(run.startedAt) ?? seconds(run.createdAt) ?? '',
    finishedAt: seconds(run.finishedAt) ?? '',
    containerID: `${context.runtimeName}://${run.id}`,
  };
}

/** API times have whole seconds. */
function seconds(time: string | undefined): string | undefined {
  return time && `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/** Kubernetes' getPhase, in the order of its questions. */
function phaseOf(
  view: PodView,
  inits: readonly ApiContainerStatus[],
  mains: readonly ApiContainerStatus[],
): string {
  const spec = specOf(view.pod);
  const policy = restartPolicyOf(spec);
  let pendingInit = 0;
  let failedInit = 0;
  for (const status of inits) {
    const sidecar = spec.initContainers?.some(
      (container) => container.name === status.name && isSidecar(container),
    );
    if (sidecar) {
      if (!status.started && !status.state?.terminated) pendingInit += 1;
      continue;
    }
    const end =
      status.state?.terminated ?? (status.state?.waiting ? status.lastState?.terminated : undefined);
    if (!end) pendingInit += 1;
    else if (end.exitCode !== 0) failedInit += 1;
  }
  if (policy === 'Never' && failedInit > 0) return 'Failed';
  const running = mains.filter((status) => status.state?.running).length;
  const stopped = mains.filter((status) => status.state?.terminated || status.lastState?.terminated).length;
  const waiting = mains.filter((status) => status.state?.waiting && !status.lastState?.terminated).length;
  const begun = mains.some((status) => latestRun(view.observed, status.name));
  if ((pendingInit > 0 || failedInit > 0) && !begun) return 'Pending';
  if (waiting > 0) return 'Pending';
  if (running > 0) return 'Running';
  if (stopped === 0) return 'Pending';
  if (policy === 'Always' && !view.ending) return 'Running';
  const ended = mains.every((status) => status.state?.terminated);
  if (ended && mains.every((status) => status.state?.terminated?.exitCode === 0)) return 'Succeeded';
  return ended && (policy === 'Never' || view.ending) ? 'Failed' : 'Running';
}

interface ConditionInput {
  readonly phase: string;
  readonly inits: readonly ApiContainerStatus[];
  readonly mains: readonly ApiContainerStatus[];
}

type NewCondition = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

function conditionsOf(view: PodView, { phase, inits, mains }: ConditionInput): NewCondition[] {
  const spec = specOf(view.pod);
  const ended = phase === 'Succeeded' || phase === 'Failed';
  const sandboxReady = view.observed.sandboxes[0]?.ready === true;
  const missingInits = inits.filter(
    (status) =>
      !status.ready &&
      !(status.started && status.state?.running && isSidecarName(spec.initContainers, status.name)),
  );
  const unready = [
    ...inits.filter((status) => isSidecarName(spec.initContainers, status.name)),
    ...mains,
  ].filter((status) => !status.ready);
  const completed = phase === 'Succeeded' ? { reason: 'PodCompleted' } : undefined;
  const initialized: NewCondition =
    missingInits.length === 0 || phase === 'Succeeded'
      ? { type: 'Initialized', status: 'True', ...completed }
      : {
          type: 'Initialized',
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: [${missingInits.map(({ name }) => name).join(' ')}]`,
        };
  const containersReady: Omit<NewCondition, 'type'> =
    unready.length === 0 && !ended
      ? { status: 'True' }
      : ended
        ? { status: 'False', reason: completed?.reason ?? 'PodFailed' }
        : {
            status: 'False',
            reason: 'ContainersNotReady',
            message: `containers with unready status: [${unready.map(({ name }) => name).join(' ')}]`,
          };
  return [
    { type: 'PodReadyToStartContainers', status: sandboxReady ? 'True' : 'False' },
    initialized,
    readyCondition(view, containersReady),
    { type: 'ContainersReady', ...containersReady },
    { type: 'PodScheduled', status: 'True' },
  ];
}

const isSidecarName = (inits: readonly Container[] | undefined, name: string): boolean =>
  inits?.some((container) => container.name === name && isSidecar(container)) ?? false;

/** Ready is "containers ready" and every readiness gate. */
function readyCondition(view: PodView, containersReady: Omit<NewCondition, 'type'>): NewCondition {
  if (containersReady.status !== 'True') return { type: 'Ready', ...containersReady };
  const conditions = view.pod.status?.conditions ?? [];
  const closed = (specOf(view.pod).readinessGates ?? [])
    .map(({ conditionType }) => conditionType)
    .filter(
      (type) => !conditions.some((condition) => condition.type === type && condition.status === 'True'),
    );
  if (closed.length === 0) return { type: 'Ready', status: 'True' };
  return {
    type: 'Ready',
    status: 'False',
    reason: 'ReadinessGatesNotReady',
    message: closed.map((type) => `the status of pod readiness gate "${type}" is not "True"`).join(', '),
  };
}

function withTransitionTimes(
  conditions: readonly NewCondition[],
  previous: readonly PodCondition[],
  now: Date,
): PodCondition[] {
  return conditions.map((condition) => {
    const before = previous.find(({ type }) => type === condition.type);
    const lastTransitionTime =
      before?.status === condition.status ? before.lastTransitionTime : seconds(now.toISOString());
    return { ...condition, ...(lastTransitionTime ? { lastTransitionTime } : {}) };
  });
}
