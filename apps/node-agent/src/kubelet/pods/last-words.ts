import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ContainerRuntime, ObservedPod } from '../../runtime/runtime';
import { runDirectory } from './container-starter';
import { ephemeralContainersOf, specOf } from './pod-view';
import { terminationMessage } from './termination-message';

/** The termination messages of a pod's ended runs, each read once. */
export class LastWords {
  readonly #byRun = new Map<string, string>();

  constructor(
    private readonly runtime: ContainerRuntime,
    private readonly podDirectory: string,
  ) {}

  /** By container id. */
  get messages(): ReadonlyMap<string, string> {
    return this.#byRun;
  }

  async collect(pod: Stored<Pod>, observed: ObservedPod): Promise<void> {
    const spec = specOf(pod);
    const containers = [...spec.containers, ...(spec.initContainers ?? []), ...ephemeralContainersOf(spec)];
    for (const run of observed.containers) {
      if (run.state !== 'exited' || this.#byRun.has(run.id)) continue;
      const container = containers.find(({ name }) => name === run.name);
      if (!container) continue;
      const directory = runDirectory(this.podDirectory, run.name, run.attempt);
      const words = await terminationMessage({ runtime: this.runtime, container, run, directory });
      if (words !== undefined) this.#byRun.set(run.id, words);
    }
  }

  forget(containerId: string): void {
    this.#byRun.delete(containerId);
  }
}
