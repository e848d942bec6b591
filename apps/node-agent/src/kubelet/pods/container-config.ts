import { join, posix } from 'node:path';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { quantityMillis, quantityValue } from '@wheelhouse/shared/meta/quantity';
import type { Container, Pod } from 'kubernetes-types/core/v1';
import type { ContainerConfig, EnvVar, ImageStatus, Mount, SecurityConfig } from '../../runtime/runtime';
import { ConfigError } from '../config-error';
import { expand } from '../env/expand';
import { specOf } from './pod-view';

export interface ContainerConfigInput {
  readonly pod: Stored<Pod>;
  readonly container: Container;
  readonly attempt: number;
  readonly env: readonly EnvVar[];
  readonly image: ImageStatus;
  /** Volumes that are ready, by name: where they are on the host. Undefined: the runtime has no files to mount. */
  readonly volumePaths: ReadonlyMap<string, string> | undefined;
  /** Mounts that the kubelet adds itself. */
  readonly extraMounts: readonly Mount[];
  readonly directory: string;
}

export const DEFAULT_TERMINATION_MESSAGE_PATH = '/dev/termination-log';

/** Pure. Throws ConfigError for what cannot be. */
export function containerConfig(input: ContainerConfigInput): ContainerConfig {
  const { pod, container, env, directory } = input;
  const spec = specOf(pod);
  const values = new Map(env.map(({ name, value }) => [name, value]));
  const expandAll = (texts: readonly string[] | undefined) =>
    texts?.length ? texts.map((text) => expand(text, values)) : undefined;
  const limits = container.resources?.limits ?? {};
  const requests = container.resources?.requests ?? {};
  const cpuRequest = requests.cpu ?? limits.cpu;
  return {
    name: container.name,
    attempt: input.attempt,
    image: container.image ?? '',
    command: expandAll(container.command),
    args: expandAll(container.args),
    env,
    workingDir: container.workingDir || undefined,
    mounts: [...volumeMounts(input, values), ...input.extraMounts],
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    resources: {
      cpuRequestMillis: cpuRequest === undefined ? undefined : quantityMillis(cpuRequest),
      cpuLimitMillis: limits.cpu === undefined ? undefined : quantityMillis(limits.cpu),
      memoryLimitBytes: limits.memory === undefined ? undefined : quantityValue(limits.memory),
    },
    security: securityConfig(input),
    shareProcesses: spec.shareProcessNamespace ?? false,
    hostPid: spec.hostPID ?? false,
    hostIpc: spec.hostIPC ?? false,
    directory,
  };
}

function volumeMounts(input: ContainerConfigInput, values: ReadonlyMap<string, string>): Mount[] {
  const { volumePaths } = input;
  if (!volumePaths) return [];
  return (input.container.volumeMounts ?? []).map((mount): Mount => {
    const source = volumePaths.get(mount.name);
    if (source === undefined) throw new ConfigError(`volume "${mount.name}" of the pod is not there`);
    const subPath = mount.subPathExpr ? expand(mount.subPathExpr, values) : (mount.subPath ?? '');
    if (subPath.startsWith('/') || subPath.split('/').includes('..')) {
      throw new ConfigError(`subPath "${subPath}" must lie inside volume "${mount.name}"`);
    }
    const propagation = mount.mountPropagation;
    return {
      volume: mount.name,
      hostPath: subPath ? join(source, subPath) : source,
      containerPath: posix.resolve('/', mount.mountPath),
      readOnly: (mount.readOnly ?? false) || isReadOnlyClaim(input.pod, mount.name),
      propagation:
        propagation === 'HostToContainer' || propagation === 'Bidirectional' ? propagation : 'None',
    };
  });
}

/** A claim that the pod takes for reading only. */
function isReadOnlyClaim(pod: Stored<Pod>, volume: string): boolean {
  const found = specOf(pod).volumes?.find(({ name }) => name === volume);
  return found?.persistentVolumeClaim?.readOnly ?? false;
}

function securityConfig({ pod, container, image }: ContainerConfigInput): SecurityConfig {
  const ofPod = specOf(pod).securityContext ?? {};
  const own = container.securityContext ?? {};
  const user = own.runAsUser ?? ofPod.runAsUser;
  const group = own.runAsGroup ?? ofPod.runAsGroup;
  if (own.runAsNonRoot ?? ofPod.runAsNonRoot) refuseRoot(user, image.user);
  const supplemental = [
    ...(ofPod.supplementalGroups ?? []),
    ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup]),
  ];
  return {
    privileged: own.privileged ?? false,
    user:
      user === undefined && group === undefined
        ? undefined
        : `${user ?? 0}${group === undefined ? '' : `:${group}`}`,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    supplementalGroups: supplemental,
    seccompUnconfined: (own.seccompProfile ?? ofPod.seccompProfile)?.type === 'Unconfined',
  };
}

function refuseRoot(user: number | undefined, imageUser: string): void {
  if (user === 0) throw new ConfigError("container's runAsUser breaks non-root policy");
  if (user !== undefined) return;
  const name = imageUser.split(':')[0] ?? '';
  if (name === '' || name === '0' || name === 'root') {
    throw new ConfigError('container has runAsNonRoot and image will run as root');
  }
  if (!/^\d+$/.test(name)) {
    throw new ConfigError(
      `container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root`,
    );
  }
}
