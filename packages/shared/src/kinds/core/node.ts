import type { Node } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { Node };

export const nodeKind: KindDefinition<Node> = {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Node',
};
