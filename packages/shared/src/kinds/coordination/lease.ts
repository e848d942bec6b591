import type { Lease } from 'kubernetes-types/coordination/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Lease };

export const leaseKind: KindDefinition<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  namespaced: true,
  schema: 'io.k8s.api.coordination.v1.Lease',
};
