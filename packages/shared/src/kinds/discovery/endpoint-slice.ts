import type { Endpoint, EndpointPort, EndpointSlice } from 'kubernetes-types/discovery/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  immutable,
  invalidValue,
  notSupported,
  required,
  tooMany,
} from '../../meta/field-error';
import { parseIpv4, parseIpv6 } from '../../meta/ip';
import type { KindDefinition } from '../../meta/kind';
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { validateEndpointIp } from '../core/endpoint-address';

export type { EndpointSlice };

const ADDRESS_TYPES = ['IPv4', 'IPv6', 'FQDN'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 20000;
const MAX_ADDRESSES = 100;

export const endpointSliceKind: KindDefinition<EndpointSlice> = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  singular: 'endpointslice',
  namespaced: true,
  schema: 'io.k8s.api.discovery.v1.EndpointSlice',
  hasGeneration: true,
  generationCounts: 'labels',
  columns: [
    nameColumn,
    {
      name: 'AddressType',
      type: 'string',
      description: 'What kind of addresses the slice holds.',
      cell: ({ addressType }) => addressType ?? '',
    },
    {
      name: 'Ports',
      type: 'string',
      description: 'The ports of the endpoints.',
      cell: ({ ports = [] }) =>
        capped(
          ports.map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port))),
          '<unset>',
        ),
    },
    {
      name: 'Endpoints',
      type: 'string',
      description: 'The addresses of the endpoints.',
      cell: ({ endpoints = [] }) =>
        capped(
          (endpoints ?? []).flatMap(({ addresses = [] }) => addresses[0] ?? []),
          '<unset>',
        ),
    },
    ageColumn,
  ],
  default(slice) {
    // Always a list on the wire; typed clients walk over it.
    slice.endpoints ??= [];
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
  },
  validate(slice) {
    const errors: FieldError[] = [];
    const { addressType, endpoints = [], ports = [] } = slice;
    if (!addressType) errors.push(required('addressType'));
    else if (!ADDRESS_TYPES.includes(addressType))
      errors.push(notSupported('addressType', addressType, ADDRESS_TYPES));
    if (endpoints.length > MAX_ENDPOINTS)
      return [...errors, tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)];
    endpoints.forEach((endpoint, i) => {
      errors.push(...validateEndpoint(endpoint, addressType, `endpoints[${i}]`));
    });
    if (ports.length > MAX_PORTS) return [...errors, tooMany('ports', ports.length, MAX_PORTS)];
    const names = new Set<string>();
    ports.forEach((port, i) => {
      errors.push(...validatePort(port, `ports[${i}]`));
      if (names.has(port.name ?? '')) errors.push(duplicate(`ports[${i}].name`, port.name ?? ''));
      names.add(port.name ?? '');
    });
    return errors;
  },
  validateUpdate: (next, previous) => immutable('addressType', next.addressType, previous.addressType),
};

function capped(texts: readonly string[], none: string): string {
  const MAX = 3;
  if (texts.length === 0) return none;
  const shown = texts.slice(0, MAX).join(',');
  return texts.length > MAX ? `${shown} + ${texts.length - MAX} more...` : shown;
}

function validateEndpoint(endpoint: Endpoint, type: string | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const addresses = endpoint.addresses ?? [];
  if (addresses.length === 0) errors.push(required(`${path}.addresses`, 'must contain at least 1 address'));
  if (addresses.length > MAX_ADDRESSES)
    errors.push(tooMany(`${path}.addresses`, addresses.length, MAX_ADDRESSES));
  addresses.forEach((address, i) => {
    const at = `${path}.addresses[${i}]`;
    if (type === 'IPv4') {
      if (parseIpv4(address) === undefined)
        errors.push(invalidValue(at, address, 'must be a valid IPv4 address'));
      else errors.push(...validateEndpointIp(address, at, { loopback: true }));
    } else if (type === 'IPv6') {
      if (!parseIpv6(address)) errors.push(invalidValue(at, address, 'must be a valid IPv6 address'));
      else errors.push(...validateEndpointIp(address, at, { loopback: true }));
    } else if (type === 'FQDN') errors.push(...complaints(at, address, dns1123Subdomain(address)));
  });
  if (endpoint.hostname !== undefined) {
    errors.push(...complaints(`${path}.hostname`, endpoint.hostname, dns1123Label(endpoint.hostname)));
  }
  if (endpoint.nodeName !== undefined) {
    errors.push(...complaints(`${path}.nodeName`, endpoint.nodeName, dns1123Subdomain(endpoint.nodeName)));
  }
  return errors;
}

function validatePort(port: EndpointPort, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.name) errors.push(...complaints(`${path}.name`, port.name, dns1123Label(port.name)));
  if (port.port !== undefined) errors.push(...complaints(`${path}.port`, port.port, portNumber(port.port)));
  if (port.protocol === undefined) errors.push(required(`${path}.protocol`));
  else if (!PROTOCOLS.includes(port.protocol))
    errors.push(notSupported(`${path}.protocol`, port.protocol, PROTOCOLS));
  if (port.appProtocol !== undefined)
    errors.push(...complaints(`${path}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol)));
  return errors;
}
