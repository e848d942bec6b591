import type { Clock } from '@wheelhouse/shared/clock';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Container, Pod, Probe } from 'kubernetes-types/core/v1';
import type { ContainerRuntime, ContainerStatus, ObservedPod } from '../../runtime/runtime';
import { type ContainerHealth, isSidecar, specOf } from '../pods/pod-view';
import { runHandler } from './handlers';
import { type ProbeKind, ProbeWorker } from './probe-worker';

export interface ProberOptions {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly hostIp: string;
  /** A verdict changed: look at the pod again. */
  onChange(): void;
  event(container: Container, reason: string, message: string): void;
}

type Workers = Partial<Record<ProbeKind, ProbeWorker>> & { message?: string };

/** The probes of one pod, one worker for each probe of each run. */
export class Prober {
  readonly #runs = new Map<string, Workers>();

  constructor(private readonly options: ProberOptions) {}

  /** Begins probing what runs and has not been probed, ends probing what runs no more. */
  update(pod: Stored<Pod>, observed: ObservedPod): void {
    const running = new Map(
      observed.containers.filter(({ state }) => state === 'running').map((run) => [run.id, run]),
    );
    for (const [id, workers] of this.#runs) {
      if (running.has(id)) continue;
      stopAll(workers);
      this.#runs.delete(id);
    }
    const spec = specOf(pod);
    const address = spec.hostNetwork ? this.options.hostIp : (observed.sandboxes[0]?.address ?? '');
    const sidecars = (spec.initContainers ?? []).filter(isSidecar);
    for (const container of [...sidecars, ...spec.containers]) {
      const run = [...running.values()].find(({ name }) => name === container.name);
      if (run && !this.#runs.has(run.id))
        this.#runs.set(run.id, this.#begin({ pod, container, run, address }));
    }
  }

  health(observed: ObservedPod): Map<string, ContainerHealth> {
    const health = new Map<string, ContainerHealth>();
    for (const run of observed.containers) {
      const workers = this.#runs.get(run.id);
      if (workers && run.state === 'running') health.set(run.id, healthOf(workers));
    }
    return health;
  }

  /** A pod that ends is no longer to be restarted, but still tells whether it serves. */
  stopRestarting(): void {
    for (const workers of this.#runs.values()) {
      workers.liveness?.stop();
      workers.startup?.stop();
    }
  }

  stop(): void {
    for (const workers of this.#runs.values()) stopAll(workers);
    this.#runs.clear();
  }

  #begin(target: { pod: Stored<Pod>; container: Container; run: ContainerStatus; address: string }): Workers {
    const { pod, container, run, address } = target;
    const { runtime, clock } = this.options;
    // After an agent restart what was started and ready stays so until a probe says otherwise.
    const id = `${runtime.name}://${run.id}`;
    const reported = [
      ...(pod.status?.containerStatuses ?? []),
      ...(pod.status?.initContainerStatuses ?? []),
    ].find((status) => status.containerID === id);
    const workers: Workers = {};
    const add = (kind: ProbeKind, probe: Probe | undefined, initial: 'success' | undefined) => {
      if (!probe) return;
      if (kind === 'startup' && initial) return;
      workers[kind] = new ProbeWorker({
        kind,
        probe,
        clock,
        startedAt: Date.parse(run.startedAt ?? run.createdAt),
        initial,
        run: (timeoutMs) =>
          runHandler(probe, { runtime, container, containerId: run.id, address }, timeoutMs),
        mayRun: () => kind === 'startup' || !workers.startup || workers.startup.verdict === 'success',
        onFailure: (message) =>
          this.options.event(container, 'Unhealthy', `${titleOf(kind)} probe failed: ${message}`),
        onVerdict: (verdict, message) => {
          if (verdict === 'failure') workers.message = message;
          if (kind === 'startup' && verdict === 'success') {
            workers.liveness?.poke();
            workers.readiness?.poke();
          }
          this.options.onChange();
        },
      });
    };
    add('startup', container.startupProbe, reported?.started ? 'success' : undefined);
    add('liveness', container.livenessProbe, undefined);
    add('readiness', container.readinessProbe, reported?.ready ? 'success' : undefined);
    return workers;
  }
}

function healthOf({ startup, liveness, readiness, message = '' }: Workers): ContainerHealth {
  const started = !startup || startup.verdict === 'success';
  const failed =
    startup?.verdict === 'failure' ? 'startup' : liveness?.verdict === 'failure' ? 'liveness' : undefined;
  return {
    started,
    ready: started && (!readiness || readiness.verdict === 'success'),
    ...(failed ? { failed: { probe: failed, message } } : {}),
  };
}

function stopAll({ startup, liveness, readiness }: Workers): void {
  startup?.stop();
  liveness?.stop();
  readiness?.stop();
}

const titleOf = (kind: ProbeKind): string => kind.charAt(0).toUpperCase() + kind.slice(1);
