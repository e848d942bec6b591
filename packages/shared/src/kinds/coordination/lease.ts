import type { Lease } from 'kubernetes-types/coordination/v1';
import { invalidValue } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';

export type { Lease };

export const leaseKind: KindDefinition<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  namespaced: true,
  createdByUpdate: true,
  plainFinalizers: true,
  schema: 'io.k8s.api.coordination.v1.Lease',
  conditionalUpdate: true,
  columns: [
    nameColumn,
    {
      name: 'Holder',
      type: 'string',
      description: 'Who holds the lease.',
      cell: ({ spec }) => spec?.holderIdentity ?? '',
    },
    ageColumn,
  ],
  validate({ spec }) {
    const { leaseDurationSeconds, leaseTransitions } = spec ?? {};
    return [
      ...(leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0
        ? [invalidValue('spec.leaseDurationSeconds', leaseDurationSeconds, 'must be greater than 0')]
        : []),
      ...(leaseTransitions !== undefined && leaseTransitions < 0
        ? [invalidValue('spec.leaseTransitions', leaseTransitions, 'must be greater than or equal to 0')]
        : []),
    ];
  },
};
