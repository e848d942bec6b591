import type { Service } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Service };

export const serviceKind: KindDefinition<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Service',
};
