import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Service } from 'kubernetes-types/core/v1';
import type { EnvVar } from '../../runtime/runtime';

/**
 * The variables by which a container finds services: for each service with a cluster IP, `FOO_SERVICE_HOST` and
 * `FOO_SERVICE_PORT…`, and the names that Docker's links had (`FOO_PORT`, `FOO_PORT_80_TCP_ADDR` …).
 * Services of the pod's own namespace (when it wants links) and always `default/kubernetes`.
 */
export function serviceEnv(
  services: readonly Stored<Service>[],
  options: { readonly namespace: string; readonly links: boolean },
): EnvVar[] {
  const chosen = new Map<string, Stored<Service>>();
  const byAge = [...services].sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  for (const service of byAge) {
    const { namespace, name } = service.metadata;
    const isMaster = namespace === 'default' && name === 'kubernetes';
    const own = options.links && namespace === options.namespace;
    // A service of the namespace wins over the cluster's own of the same name.
    if (hasClusterIp(service) && (own || (isMaster && !chosen.has(name)))) chosen.set(name, service);
  }
  return [...chosen.values()].flatMap(variablesOf);
}

function hasClusterIp(service: Service): boolean {
  const address = service.spec?.clusterIP;
  return Boolean(address) && address !== 'None' && service.spec?.type !== 'ExternalName';
}

function variablesOf(service: Stored<Service>): EnvVar[] {
  const prefix = variableName(service.metadata.name);
  const host = service.spec?.clusterIP ?? '';
  const ports = service.spec?.ports ?? [];
  const [first] = ports;
  if (!first) return [];
  const urlOf = (port: { port: number; protocol?: string }) =>
    `${(port.protocol ?? 'TCP').toLowerCase()}://${host}:${port.port}`;
  return [
    { name: `${prefix}_SERVICE_HOST`, value: host },
    { name: `${prefix}_SERVICE_PORT`, value: String(first.port) },
    ...ports
      .filter(({ name }) => name)
      .map(({ name = '', port }) => ({
        name: `${prefix}_SERVICE_PORT_${variableName(name)}`,
        value: String(port),
      })),
    { name: `${prefix}_PORT`, value: urlOf(first) },
    ...ports.flatMap((port) => {
      const protocol = port.protocol ?? 'TCP';
      const link = `${prefix}_PORT_${port.port}_${protocol}`;
      return [
        { name: link, value: urlOf(port) },
        { name: `${link}_PROTO`, value: protocol.toLowerCase() },
        { name: `${link}_PORT`, value: String(port.port) },
        { name: `${link}_ADDR`, value: host },
      ];
    }),
  ];
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');
