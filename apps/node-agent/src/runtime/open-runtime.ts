import { join } from 'node:path';
import type { AgentSettings } from '@wheelhouse/shared/agent/protocol';
import type { Clock } from '@wheelhouse/shared/clock';
import type { Logger } from 'pino';
import { createDockerRuntime, isDockerAvailable } from './docker/docker-runtime';
import { createProcessRuntime } from './process/process-runtime';
import type { ContainerRuntime } from './runtime';
import { createSimulatedRuntime } from './simulated/simulated-runtime';

export interface OpenRuntimeOptions {
  readonly settings: Pick<AgentSettings, 'clusterId' | 'podCidr'>;
  readonly nodeName: string;
  /** This node's own directory. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock: Clock;
}

/** The runtime of that name; `auto` is Docker where one answers, otherwise plain processes. */
export async function openRuntime(
  name: 'auto' | 'docker' | 'process' | 'simulated',
  options: OpenRuntimeOptions,
): Promise<ContainerRuntime> {
  const { settings, nodeName, dataDir, log, clock } = options;
  switch (name) {
    case 'auto': {
      const chosen = (await isDockerAvailable()) ? 'docker' : 'process';
      log.info({ runtime: chosen }, 'container runtime chosen');
      return openRuntime(chosen, options);
    }
    case 'docker':
      return createDockerRuntime({
        clusterId: settings.clusterId,
        nodeName,
        clusterCidr: settings.podCidr,
        clock,
      });
    case 'simulated':
      return createSimulatedRuntime({ clock });
    case 'process':
      return createProcessRuntime({ directory: join(dataDir, 'processes'), clock });
  }
}
