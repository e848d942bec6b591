import type { ReplicationController } from 'kubernetes-types/core/v1';
import type { KindDefinition } from '../../meta/kind';

export type { ReplicationController };

export const replicationControllerKind: KindDefinition<ReplicationController> = {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  singular: 'replicationcontroller',
  shortNames: ['rc'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ReplicationController',
};
