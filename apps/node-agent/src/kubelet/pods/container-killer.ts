import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Container, Pod } from 'kubernetes-types/core/v1';
import type { ContainerStatus, ObservedPod } from '../../runtime/runtime';
import { runHandler } from '../probes/handlers';
import { containerReference } from './container-starter';
import type { PodContext } from './pod-context';
import { isSidecar, specOf } from './pod-view';

export interface KillInput {
  readonly pod: Stored<Pod>;
  readonly run: ContainerStatus;
  readonly message: string;
  readonly graceSeconds: number;
  readonly address: string;
}

/** After a long preStop hook the program still gets this long to hear TERM. */
const MIN_GRACE_SECONDS = 2;

/** preStop hook, TERM, and KILL once the grace period (which both share) is over. */
export async function killContainer(context: PodContext, input: KillInput): Promise<void> {
  const { pod, run, graceSeconds } = input;
  const { runtime, clock } = context;
  const spec = specOf(pod);
  const init = (spec.initContainers ?? []).some(({ name }) => name === run.name);
  const container: Container = [...spec.containers, ...(spec.initContainers ?? [])].find(
    ({ name }) => name === run.name,
  ) ?? { name: run.name };
  const reference = containerReference(pod, container, init);
  context.events.record(reference, 'Normal', 'Killing', input.message);
  let rest = graceSeconds;
  const hook = container.lifecycle?.preStop;
  if (hook && runtime.abilities.programs && graceSeconds > 0) {
    const begun = clock.monotonic();
    const target = { runtime, container, containerId: run.id, address: input.address };
    const { ok, message } = await runHandler(hook, target, graceSeconds * 1000);
    if (!ok)
      context.events.record(reference, 'Warning', 'FailedPreStopHook', `PreStopHook failed: ${message}`);
    rest = Math.max(MIN_GRACE_SECONDS, graceSeconds - (clock.monotonic() - begun) / 1000);
  }
  await runtime.stopContainer(run.id, rest);
}

/** Stops all that runs: first the main containers, then the sidecars in reverse order, each in its grace. */
export async function killPod(
  context: PodContext,
  input: { pod: Stored<Pod>; observed: ObservedPod; graceSeconds: number; address: string },
): Promise<void> {
  const { pod, observed, graceSeconds, address } = input;
  const sidecars = (specOf(pod).initContainers ?? []).filter(isSidecar).map(({ name }) => name);
  const running = observed.containers.filter(({ state }) => state === 'running');
  const kill = (run: ContainerStatus) =>
    killContainer(context, { pod, run, graceSeconds, address, message: `Stopping container ${run.name}` });
  const begun = context.clock.monotonic();
  await Promise.all(running.filter(({ name }) => !sidecars.includes(name)).map(kill));
  for (const name of sidecars.reverse()) {
    const run = running.find((candidate) => candidate.name === name);
    if (!run) continue;
    const rest = Math.max(0, graceSeconds - (context.clock.monotonic() - begun) / 1000);
    await killContainer(context, {
      pod,
      run,
      graceSeconds: rest,
      address,
      message: `Stopping container ${run.name}`,
    });
  }
}
