import type { Container, PodSpec } from 'kubernetes-types/core/v1';
import type { ContainerStatus, SandboxStatus } from '../../runtime/runtime';
import {
  ephemeralContainersOf,
  isSidecar,
  latestRun,
  type PodView,
  podLabel,
  restartPolicyOf,
  specOf,
  type WaitingReason,
} from './pod-view';
import { formatDelay, remainingBackoff } from './restart-backoff';

/** What to do about a pod that is to live, in this order. An empty plan means that all is as it should be. */
export interface PodPlan {
  readonly kill: readonly ContainerKill[];
  /** Sandboxes to remove once nothing in them runs. */
  readonly removeSandboxes: readonly SandboxStatus[];
  readonly createSandbox: { readonly attempt: number } | undefined;
  readonly start: readonly ContainerStart[];
  /** Old runs that nobody will ask for any more. */
  readonly removeContainers: readonly ContainerStatus[];
  /** Containers held back now, by name. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  /** Look again after this time even if nothing happens. */
  readonly requeueAfterMs: number | undefined;
}

export interface ContainerKill {
  readonly container: ContainerStatus;
  readonly message: string;
}

export interface ContainerStart {
  readonly spec: Container;
  readonly attempt: number;
  readonly init: boolean;
  /** The run that this one replaces, if it ended; its end counts for the back-off. */
  readonly previous: ContainerStatus | undefined;
}

/** How many ended runs of a container are kept for `logs --previous`, beside the newest run. */
const KEPT_RUNS = 1;

/** Pure: what there is and what there should be, in; what to do, out. Mirrors Kubernetes' rules for pods. */
export function computePodActions(view: PodView, now: number): PodPlan {
  const { pod, observed } = view;
  const spec = specOf(pod);
  const decision = new Decision(view, now);
  const phase = pod.status?.phase;
  if (view.failure || phase === 'Failed' || phase === 'Succeeded') {
    decision.killAll('The pod has ended');
    return decision.plan({ removeSandboxes: observed.sandboxes });
  }
  const [sandbox, ...oldSandboxes] = observed.sandboxes;
  if (!sandbox?.ready) {
    decision.killAll('The sandbox of the pod has gone');
    if (sandbox && !wantsRestart(spec, view)) return decision.plan({ removeSandboxes: observed.sandboxes });
    for (const start of firstStarts(spec, decision)) decision.start.push(start);
    return decision.plan({
      removeSandboxes: observed.sandboxes,
      createSandbox: { attempt: sandbox ? sandbox.attempt + 1 : 0 },
    });
  }
  if (decision.killStrays(sandbox)) return decision.plan({ removeSandboxes: oldSandboxes });
  if (decision.planInits(sandbox)) {
    for (const container of spec.containers) decision.planMain(container, sandbox);
  }
  for (const container of ephemeralContainersOf(spec)) decision.planOnce(container, sandbox);
  return decision.plan({ removeSandboxes: oldSandboxes });
}

/** True when every container of the pod has run to an end that its restart policy accepts. */
export function isFinished(view: PodView): boolean {
  const spec = specOf(view.pod);
  const policy = restartPolicyOf(spec);
  if (policy === 'Always') return false;
  const failedInit = (spec.initContainers ?? [])
    .filter((container) => !isSidecar(container))
    .some((container) => {
      const run = latestRun(view.observed, container.name);
      return policy === 'Never' && run?.state === 'exited' && run.exitCode !== 0;
    });
  if (failedInit) return true;
  return spec.containers.every((container) => {
    const run = latestRun(view.observed, container.name);
    return run?.state === 'exited' && (policy === 'Never' || run.exitCode === 0);
  });
}

function wantsRestart(spec: PodSpec, view: PodView): boolean {
  return restartPolicyOf(spec) === 'Always' || !isFinished(view);
}

/** In a fresh sandbox the init containers run again, one by one; the first sync starts the first. */
function firstStarts(spec: PodSpec, decision: Decision): ContainerStart[] {
  const [first] = spec.initContainers ?? [];
  if (first) return [decision.startOf(first, true)];
  return spec.containers
    .filter((container) => decision.shouldRun(container))
    .map((container) => decision.startOf(container, false));
}

class Decision {
  readonly kill: ContainerKill[] = [];
  readonly start: ContainerStart[] = [];
  readonly waiting = new Map<string, WaitingReason>();
  #requeueAfterMs: number | undefined;

  constructor(
    private readonly view: PodView,
    private readonly now: number,
  ) {}

  plan(rest: Partial<Pick<PodPlan, 'removeSandboxes' | 'createSandbox'>>): PodPlan {
    return {
      kill: this.kill,
      removeSandboxes: rest.removeSandboxes ?? [],
      createSandbox: rest.createSandbox,
      start: this.start,
      removeContainers: this.#oldRuns(),
      waiting: this.waiting,
      requeueAfterMs: this.#requeueAfterMs,
    };
  }

  killAll(message: string): void {
    for (const container of this.view.observed.containers) {
      if (container.state === 'running') this.kill.push({ container, message });
    }
  }

  /** What still runs of an earlier sandbox ends before anything else is decided. True when there was such. */
  killStrays(sandbox: SandboxStatus): boolean {
    for (const container of this.view.observed.containers) {
      if (container.state !== 'running' || container.sandboxId === sandbox.id) continue;
      const message = `Container ${container.name} belongs to a sandbox that is gone`;
      this.kill.push({ container, message });
    }
    if (this.kill.length) this.#lookAgain(0);
    return this.kill.length > 0;
  }

  /** True when the main containers may run. */
  planInits(sandbox: SandboxStatus): boolean {
    const spec = specOf(this.view.pod);
    const inits = spec.initContainers ?? [];
    // Once a main container ran in this sandbox all init containers had been through.
    const initialized = spec.containers.some(({ name }) => this.#runIn(sandbox, name) !== undefined);
    for (const container of inits) {
      const run = this.#runIn(sandbox, container.name);
      if (isSidecar(container)) {
        this.planMain(container, sandbox, true);
        const started = run?.state === 'running' && this.view.health.get(run.id)?.started !== false;
        if (!started && !initialized) return false;
        continue;
      }
      if (initialized) continue;
      if (!run || run.state === 'created') {
        this.start.push(this.startOf(container, true, sandbox));
        return false;
      }
      if (run.state === 'running') return false;
      if (run.exitCode === 0) continue;
      if (restartPolicyOf(spec) !== 'Never') this.#restart({ container, run, init: true, sandbox });
      return false;
    }
    return true;
  }

  planMain(container: Container, sandbox: SandboxStatus, init = false): void {
    const run = latestRun(this.view.observed, container.name);
    if (!run || run.state === 'created') {
      this.start.push(this.startOf(container, init, sandbox));
      return;
    }
    if (run.state === 'running') {
      if (container.image && container.image !== run.image) this.#replace(container, { run, init, sandbox });
      else this.#checkRunning(container, run);
      return;
    }
    if (!init && !this.shouldRun(container)) return;
    // A run that ended with an earlier sandbox did not fail by itself: no back-off.
    if (run.sandboxId === sandbox.id) this.#restart({ container, run, init, sandbox });
    else this.start.push(this.startOf(container, init, sandbox));
  }

  /** A container for debugging runs once, whatever becomes of it. */
  planOnce(container: Container, sandbox: SandboxStatus): void {
    const run = latestRun(this.view.observed, container.name);
    const { ephemeralContainerStatuses = [] } = this.view.pod.status ?? {};
    const ran = ephemeralContainerStatuses.some(
      ({ name, containerID }) => name === container.name && containerID,
    );
    if (run ? run.state === 'created' : !ran) this.start.push(this.startOf(container, false, sandbox));
  }

  /** By the restart policy and how the newest run ended. */
  shouldRun(container: Container): boolean {
    const run = latestRun(this.view.observed, container.name);
    if (run?.state !== 'exited') return true;
    const policy = restartPolicyOf(specOf(this.view.pod));
    return policy === 'Always' || (policy === 'OnFailure' && run.exitCode !== 0);
  }

  /** Without a sandbox: for the one that is about to be made. */
  startOf(spec: Container, init: boolean, sandbox?: SandboxStatus): ContainerStart {
    const run = latestRun(this.view.observed, spec.name);
    // A run that was made in this sandbox but not started yet (the agent died in between) is taken on.
    if (run?.state === 'created' && run.sandboxId === sandbox?.id) {
      return { spec, init, attempt: run.attempt, previous: undefined };
    }
    const attempt = run ? run.attempt + 1 : this.#attemptByStatus(spec.name);
    return { spec, init, attempt, previous: run };
  }

  /** The runtime has forgotten earlier runs (someone removed them): the count goes on from the last report. */
  #attemptByStatus(name: string): number {
    const { containerStatuses = [], initContainerStatuses = [] } = this.view.pod.status ?? {};
    const status = [...containerStatuses, ...initContainerStatuses].find((entry) => entry.name === name);
    return status?.containerID ? status.restartCount + 1 : (status?.restartCount ?? 0);
  }

  #runIn(sandbox: SandboxStatus, name: string): ContainerStatus | undefined {
    return this.view.observed.containers.find((run) => run.name === name && run.sandboxId === sandbox.id);
  }

  /** The image is all of a container that may change in a running pod; whatever the restart policy, it starts anew. */
  #replace(
    container: Container,
    { run, init, sandbox }: { run: ContainerStatus; init: boolean; sandbox: SandboxStatus },
  ): void {
    const message = `Container ${container.name} definition changed, will be restarted`;
    this.kill.push({ container: run, message });
    this.start.push(this.startOf(container, init, sandbox));
  }

  #checkRunning(container: Container, run: ContainerStatus): void {
    const failed = this.view.health.get(run.id)?.failed;
    if (!failed) return;
    const message = `Container ${container.name} failed ${failed.probe} probe, will be restarted`;
    this.kill.push({ container: run, message });
    // It is started again once its end has been seen.
    this.#lookAgain(0);
  }

  #restart(input: {
    container: Container;
    run: ContainerStatus;
    init: boolean;
    sandbox: SandboxStatus;
  }): void {
    const { container, run, init, sandbox } = input;
    const failedAt = Date.parse(run.finishedAt ?? run.createdAt);
    const backoff = this.view.backoffs.get(container.name);
    const rest = remainingBackoff(backoff, failedAt, this.now);
    if (rest === 0) {
      this.start.push(this.startOf(container, init, sandbox));
      return;
    }
    this.#lookAgain(rest);
    this.waiting.set(container.name, {
      reason: 'CrashLoopBackOff',
      message: `back-off ${formatDelay(backoff?.delayMs ?? 0)} restarting failed container=${container.name} pod=${podLabel(this.view.pod)}`,
    });
  }

  #lookAgain(afterMs: number): void {
    this.#requeueAfterMs = Math.min(this.#requeueAfterMs ?? Number.POSITIVE_INFINITY, afterMs);
  }

  #oldRuns(): ContainerStatus[] {
    const seen = new Map<string, number>();
    return this.view.observed.containers.filter((run) => {
      const count = seen.get(run.name) ?? 0;
      seen.set(run.name, count + 1);
      return count > KEPT_RUNS && run.state !== 'running';
    });
  }
}
