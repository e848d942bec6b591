import type { Endpoints } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Endpoints };

export const endpointsKind: KindDefinition<Endpoints> = {
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Endpoints',
};
