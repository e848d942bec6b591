import type { Namespace } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Namespace };

export const namespaceKind: KindDefinition<Namespace> = {
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Namespace',
};
