import type { Secret } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Secret };

export const secretKind: KindDefinition<Secret> = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Secret',
};
