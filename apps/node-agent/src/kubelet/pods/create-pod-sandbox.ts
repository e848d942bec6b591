import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import { hasRuntimeCode, type SandboxConfig, type SandboxStatus } from '../../runtime/runtime';
import { hostnameOf } from './network-files';
import { errorText, type PodContext } from './pod-context';
import { specOf } from './pod-view';

const NETWORK_RETRY_MS = 1_000;

/** Gives the pod an address and makes its sandbox; a number is how long to wait because there is no address yet. */
export async function createPodSandbox(
  context: PodContext,
  pod: Stored<Pod>,
  options: { readonly attempt: number; readonly directory: string },
): Promise<SandboxStatus | number> {
  const spec = specOf(pod);
  const { uid } = pod.metadata;
  const addresses = context.addresses();
  const address = spec.hostNetwork ? undefined : addresses?.allocate(uid);
  if (!spec.hostNetwork && address === undefined) {
    const [reason, message] = addresses
      ? ['FailedCreatePodSandBox', 'the range of this node has no free address']
      : ['NetworkNotReady', 'network is not ready: the node has not been given its pod range yet'];
    context.events.record(pod, 'Warning', reason, message);
    return NETWORK_RETRY_MS;
  }
  try {
    return await context.runtime.createSandbox(sandboxConfig(pod, { ...options, address }));
  } catch (error) {
    const message = `Failed to create pod sandbox: ${errorText(error)}`;
    context.events.record(pod, 'Warning', 'FailedCreatePodSandBox', message);
    // Someone else holds the address: the next try gets another one.
    if (hasRuntimeCode(error, 'address-in-use')) addresses?.release(uid);
    throw error;
  }
}

function sandboxConfig(
  pod: Stored<Pod>,
  given: Pick<SandboxConfig, 'attempt' | 'directory' | 'address'>,
): SandboxConfig {
  const spec = specOf(pod);
  const { namespace = '', name, uid } = pod.metadata;
  return {
    ...given,
    pod: { namespace, name, uid },
    hostname: hostnameOf(pod),
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    shareProcesses: spec.shareProcessNamespace ?? false,
    ports: spec.containers.flatMap(({ ports = [] }) =>
      ports
        .filter(({ hostPort }) => hostPort)
        .map(({ hostIP, hostPort = 0, containerPort, protocol }) => ({
          hostIp: hostIP,
          hostPort,
          containerPort,
          protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
        })),
    ),
    sysctls: Object.fromEntries(
      (spec.securityContext?.sysctls ?? []).map((entry) => [entry.name, entry.value]),
    ),
  };
}
