import type { ConfigMap } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { ConfigMap };

export const configMapKind: KindDefinition<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ConfigMap',
};
