import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, invalidValue, notSupported, required } from '../../meta/field-error';
import { isIp } from '../../meta/ip';
import type { KindDefinition } from '../../meta/kind';
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { validateEndpointIp } from './endpoint-address';
import { BAD_IP } from './service-validation';

export type { Endpoints };

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export const endpointsKind: KindDefinition<Endpoints> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  createdByUpdate: true,
  schema: 'io.k8s.api.core.v1.Endpoints',
  columns: [
    nameColumn,
    {
      name: 'Endpoints',
      type: 'string',
      description: 'Where the service leads to.',
      cell: formatEndpoints,
    },
    ageColumn,
  ],
  default(endpoints) {
    for (const subset of endpoints.subsets ?? []) {
      for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
    }
  },
  validate(endpoints) {
    return [...validateTrigger(endpoints), ...validateSubsets(endpoints.subsets ?? [])];
  },
};

const TRIGGER_TIME = 'endpoints.kubernetes.io/last-change-trigger-time';

function validateTrigger({ metadata }: Endpoints): FieldError[] {
  const time = metadata?.annotations?.[TRIGGER_TIME];
  if (time === undefined || /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(time)) return [];
  return [invalidValue(`annotations[${TRIGGER_TIME}]`, time, 'must be a time as in RFC 3339')];
}

function validateSubsets(subsets: readonly EndpointSubset[]): FieldError[] {
  return subsets.flatMap((subset, i) => {
    const at = `subsets[${i}]`;
    const addresses = subset.addresses ?? [];
    const notReady = subset.notReadyAddresses ?? [];
    const ports = subset.ports ?? [];
    return [
      ...(addresses.length + notReady.length === 0
        ? [required(at, 'must specify `addresses` or `notReadyAddresses`')]
        : []),
      ...addresses.flatMap((address, j) => validateAddress(address, `${at}.addresses[${j}]`)),
      ...notReady.flatMap((address, j) => validateAddress(address, `${at}.notReadyAddresses[${j}]`)),
      ...ports.flatMap((port, j) => validatePort(port, `${at}.ports[${j}]`, ports.length > 1)),
    ];
  });
}

function validateAddress(address: EndpointAddress, path: string): FieldError[] {
  const errors = isIp(address.ip ?? '')
    ? validateEndpointIp(address.ip, `${path}.ip`, { loopback: true })
    : [invalidValue(`${path}.ip`, address.ip ?? '', BAD_IP)];
  if (address.hostname)
    errors.push(...complaints(`${path}.hostname`, address.hostname, dns1123Label(address.hostname)));
  if (address.nodeName !== undefined) {
    errors.push(...complaints(`${path}.nodeName`, address.nodeName, dns1123Subdomain(address.nodeName)));
  }
  return errors;
}

function validatePort(port: EndpointPort, path: string, nameRequired: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) errors.push(...complaints(`${path}.name`, port.name, dns1123Label(port.name)));
  else if (nameRequired) errors.push(required(`${path}.name`));
  errors.push(...complaints(`${path}.port`, port.port ?? 0, portNumber(port.port ?? 0)));
  if (!port.protocol) errors.push(required(`${path}.protocol`));
  else if (!PROTOCOLS.includes(port.protocol))
    errors.push(notSupported(`${path}.protocol`, port.protocol, PROTOCOLS));
  if (port.appProtocol !== undefined)
    errors.push(...complaints(`${path}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol)));
  return errors;
}

/** `10.0.0.1:80,10.0.0.2:80 + 4 more...` */
function formatEndpoints({ subsets = [] }: Endpoints): string {
  if (subsets.length === 0) return '<none>';
  const MAX = 3;
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)),
        ),
  );
  const shown = all.slice(0, MAX).join(',');
  return all.length > MAX ? `${shown} + ${all.length - MAX} more...` : shown;
}
