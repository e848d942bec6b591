import { complaints, type FieldError, immutable, required } from '../../meta/field-error';
import { canonicalIp } from '../../meta/ip';
import type { KindDefinition } from '../../meta/kind';
import { dns1123Subdomain, pathSegment } from '../../meta/names';
import type { KubeObject } from '../../meta/object';
import { ageColumn, nameColumn } from '../columns';

/** What an address belongs to. */
export interface ParentReference {
  group?: string;
  resource?: string;
  namespace?: string;
  name?: string;
}

export interface IPAddress extends KubeObject {
  spec?: { parentRef?: ParentReference };
}

/** One address of the service ranges that is in use; its name is the address. */
export const ipAddressKind: KindDefinition<IPAddress> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  singular: 'ipaddress',
  shortNames: ['ip'],
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.IPAddress',
  // IPv6 addresses are no DNS names.
  nameRule: 'path-segment',
  columns: [
    nameColumn,
    {
      name: 'ParentRef',
      type: 'string',
      description: 'What the address belongs to.',
      cell({ spec }) {
        const { group, resource = '', namespace, name = '' } = spec?.parentRef ?? {};
        if (!spec?.parentRef) return '<none>';
        const kind = (group ? `${resource}.${group}` : resource).toLowerCase();
        return [kind, ...(namespace ? [namespace] : []), name].join('/');
      },
    },
    ageColumn,
  ],
  validate: ({ metadata, spec }) => [
    ...validateName(metadata?.name ?? ''),
    ...validateParent(spec?.parentRef),
  ],
  validateUpdate: (next, previous) =>
    immutable('spec.parentRef', next.spec?.parentRef, previous.spec?.parentRef),
};

function validateName(name: string): FieldError[] {
  const canonical = canonicalIp(name);
  if (canonical === undefined) return complaints('metadata.name', name, ['must be a valid IP address']);
  return canonical === name
    ? []
    : complaints('metadata.name', name, [`must be a canonical format IP address: ${canonical}`]);
}

function validateParent(parent: ParentReference | undefined): FieldError[] {
  const path = 'spec.parentRef';
  if (!parent) return [required(path)];
  const { group, resource = '', namespace, name = '' } = parent;
  const errors: FieldError[] = [];
  if (group) errors.push(...complaints(`${path}.group`, group, dns1123Subdomain(group)));
  for (const [field, value] of [
    ['resource', resource],
    ['name', name],
  ] as const) {
    if (value === '') errors.push(required(`${path}.${field}`));
    else errors.push(...complaints(`${path}.${field}`, value, pathSegment(value)));
  }
  if (namespace) errors.push(...complaints(`${path}.namespace`, namespace, pathSegment(namespace)));
  return errors;
}
