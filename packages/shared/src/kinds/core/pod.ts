import type { Pod } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Pod };

export const podKind: KindDefinition<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Pod',
};
