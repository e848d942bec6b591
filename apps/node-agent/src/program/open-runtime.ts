import type { AgentSettings } from '@wheelhouse/shared/agent/protocol';
import { createDockerRuntime, isDockerAvailable } from '../runtime/docker/docker-runtime';
import type { ContainerRuntime } from '../runtime/runtime';
import type { RuntimeName } from './options';

export interface OpenRuntimeOptions {
  readonly settings: AgentSettings;
  readonly nodeName: string;
  readonly dataDir: string;
}

/** Opens the runtime that was chosen by name; `auto` is Docker where one answers, otherwise processes. */
export async function openRuntime(name: RuntimeName, options: OpenRuntimeOptions): Promise<ContainerRuntime> {
  const chosen = name === 'auto' ? ((await isDockerAvailable()) ? 'docker' : 'process') : name;
  switch (chosen) {
    case 'docker':
      return createDockerRuntime({
        clusterId: options.settings.clusterId,
        nodeName: options.nodeName,
        clusterCidr: options.settings.podCidr,
      });
    case 'process':
    case 'simulated':
      throw new Error(`the runtime ${chosen} is not built in yet`);
  }
}
