import { type FieldError, immutable, invalidValue, required } from '../../meta/field-error';
import { isCidr } from '../../meta/ip';
import type { KindDefinition } from '../../meta/kind';
import type { Condition, KubeObject } from '../../meta/object';
import { ageColumn, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';

export interface ServiceCIDR extends KubeObject {
  spec?: { cidrs?: string[] };
  status?: { conditions?: Condition[] };
}

/** A range that services get their addresses from. */
export const serviceCidrKind: KindDefinition<ServiceCIDR> = {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  singular: 'servicecidr',
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.ServiceCIDR',
  status: true,
  hasGeneration: false,
  columns: [
    nameColumn,
    {
      name: 'CIDRs',
      type: 'string',
      description: 'The ranges.',
      cell: ({ spec }) => (spec?.cidrs ?? []).join(','),
    },
    ageColumn,
  ],
  default(range) {
    setStatus(range, range.status ?? {});
  },
  prepareForCreate(range) {
    setStatus(range, {});
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate: ({ spec }) => validateRanges(spec?.cidrs ?? []),
  validateUpdate: (next, previous) => immutable('spec.cidrs', next.spec?.cidrs, previous.spec?.cidrs),
};

function validateRanges(cidrs: readonly string[]): FieldError[] {
  const path = 'spec.cidrs';
  if (cidrs.length === 0) return [required(path, 'at least one CIDR required')];
  if (cidrs.length > 2) {
    return [invalidValue(path, cidrs, 'may only hold up to 2 values')];
  }
  const errors = cidrs.flatMap((cidr, i) =>
    isCidr(cidr)
      ? []
      : [
          invalidValue(
            `${path}[${i}]`,
            cidr,
            'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
          ),
        ],
  );
  const families = new Set(cidrs.map((cidr) => cidr.includes(':')));
  if (errors.length === 0 && families.size < cidrs.length) {
    errors.push(
      invalidValue(
        path,
        cidrs,
        'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ),
    );
  }
  return errors;
}
