import type { ServiceAccount } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { ServiceAccount };

export const serviceAccountKind: KindDefinition<ServiceAccount> = {
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  singular: 'serviceaccount',
  shortNames: ['sa'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ServiceAccount',
};
