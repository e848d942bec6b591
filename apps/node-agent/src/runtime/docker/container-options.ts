import type Docker from 'dockerode';
import { PAUSE_IMAGE } from '../images/local-image';
import type { ContainerConfig, Mount, SandboxConfig, SandboxStatus } from '../runtime';
import { containerName, LABELS, SANDBOX_CONTAINER } from './docker-labels';

export interface Ownership {
  readonly cluster: string;
  readonly node: string;
}

/** Bounds what one container's log may take on disk; Docker keeps the newest part. */
const LOGS = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } };
const CPU_PERIOD_MICROS = 100_000;
const MIN_CPU_QUOTA_MICROS = 1_000;
const MIN_CPU_SHARES = 2;

/** Pure: what to ask Docker for. `network` is the cluster's bridge. */
export function sandboxOptions(
  config: SandboxConfig,
  owner: Ownership,
  network: string,
): Docker.ContainerCreateOptions {
  const { pod, attempt, address } = config;
  const ports = config.ports.filter((port) => address !== undefined && port.hostPort > 0);
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, protocol, hostIp, hostPort } of ports) {
    const key = `${containerPort}/${protocol.toLowerCase()}`;
    bindings[key] = [...(bindings[key] ?? []), { HostIp: hostIp ?? '', HostPort: String(hostPort) }];
  }
  return {
    name: containerName(pod, SANDBOX_CONTAINER, attempt),
    Image: PAUSE_IMAGE,
    Hostname: config.hostname,
    Labels: {
      ...labels(config.pod, owner, SANDBOX_CONTAINER, attempt),
      ...(address === undefined ? {} : { [LABELS.address]: address }),
    },
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((key) => [key, {}])),
    HostConfig: {
      NetworkMode: address === undefined ? 'host' : network,
      IpcMode: config.hostIpc ? 'host' : 'shareable',
      ...(config.hostPid ? { PidMode: 'host' } : {}),
      PortBindings: bindings,
      LogConfig: { Type: 'none', Config: {} },
      ...(Object.keys(config.sysctls).length ? { Sysctls: { ...config.sysctls } } : {}),
    },
    ...(address === undefined
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } } }),
  };
}

export function containerOptions(
  config: ContainerConfig,
  sandbox: SandboxStatus,
  owner: Ownership,
): Docker.ContainerCreateOptions {
  const { security, resources } = config;
  const securityOptions = [
    ...(security.noNewPrivileges ? ['no-new-privileges'] : []),
    ...(security.seccompUnconfined ? ['seccomp=unconfined'] : []),
  ];
  return {
    name: containerName(sandbox.pod, config.name, config.attempt),
    Image: config.image,
    Labels: {
      ...labels(sandbox.pod, owner, config.name, config.attempt),
      [LABELS.sandbox]: sandbox.id,
    },
    ...(config.command ? { Entrypoint: [...config.command] } : {}),
    // Kubernetes: a command without args also drops the image's own arguments.
    ...(config.args ? { Cmd: [...config.args] } : config.command ? { Cmd: [] } : {}),
    Env: config.env.map(({ name, value }) => `${name}=${value}`),
    ...(config.workingDir ? { WorkingDir: config.workingDir } : {}),
    ...(security.user === undefined ? {} : { User: security.user }),
    Tty: config.tty,
    OpenStdin: config.stdin,
    StdinOnce: config.stdin && (config.stdinOnce ?? false),
    HostConfig: {
      NetworkMode: `container:${sandbox.id}`,
      IpcMode: config.hostIpc ? 'host' : `container:${sandbox.id}`,
      ...(config.hostPid
        ? { PidMode: 'host' }
        : config.shareProcesses
          ? { PidMode: `container:${sandbox.id}` }
          : {}),
      Mounts: config.mounts.map(mountOptions),
      Privileged: security.privileged,
      ReadonlyRootfs: security.readOnlyRootFilesystem,
      CapAdd: [...security.addCapabilities],
      CapDrop: [...security.dropCapabilities],
      GroupAdd: security.supplementalGroups.map(String),
      SecurityOpt: securityOptions,
      LogConfig: LOGS,
      ...(resources.cpuRequestMillis === undefined
        ? { CpuShares: MIN_CPU_SHARES }
        : { CpuShares: Math.max(MIN_CPU_SHARES, Math.floor((resources.cpuRequestMillis * 1024) / 1000)) }),
      ...(resources.cpuLimitMillis === undefined
        ? {}
        : {
            CpuPeriod: CPU_PERIOD_MICROS,
            CpuQuota: Math.max(MIN_CPU_QUOTA_MICROS, (resources.cpuLimitMillis * CPU_PERIOD_MICROS) / 1000),
          }),
      ...(resources.memoryLimitBytes === undefined
        ? {}
        : { Memory: resources.memoryLimitBytes, MemorySwap: resources.memoryLimitBytes }),
    },
  };
}

/**
 * Docker's own default where a pod asks for none: private, except for mounts that hold Docker's own directory (such
 * as `/`), where it insists on following the host.
 */
const PROPAGATION = { None: undefined, HostToContainer: 'rslave', Bidirectional: 'rshared' } as const;

function mountOptions(mount: Mount): Docker.MountConfig[number] {
  const propagation = PROPAGATION[mount.propagation];
  return {
    Type: 'bind',
    Source: mount.hostPath,
    Target: mount.containerPath,
    ReadOnly: mount.readOnly,
    ...(propagation === undefined ? {} : { BindOptions: { Propagation: propagation } }),
  };
}

function labels(
  pod: SandboxConfig['pod'],
  owner: Ownership,
  container: string,
  attempt: number,
): Record<string, string> {
  return {
    [LABELS.cluster]: owner.cluster,
    [LABELS.node]: owner.node,
    [LABELS.podNamespace]: pod.namespace,
    [LABELS.podName]: pod.name,
    [LABELS.podUid]: pod.uid,
    [LABELS.containerName]: container,
    [LABELS.attempt]: String(attempt),
  };
}
