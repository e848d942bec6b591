import type { ReplicaSet } from 'kubernetes-types/apps/v1';
import type { KindDefinition } from '../../meta/kind';

export type { ReplicaSet };

export const replicaSetKind: KindDefinition<ReplicaSet> = {
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  singular: 'replicaset',
  shortNames: ['rs'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.ReplicaSet',
};
