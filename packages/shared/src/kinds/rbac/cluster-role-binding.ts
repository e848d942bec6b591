import type { ClusterRoleBinding } from 'kubernetes-types/rbac/v1';
import type { KindDefinition } from '../../meta/kind';
import {
  bindingColumns,
  defaultBinding,
  RBAC_GROUP,
  validateBinding,
  validateBindingUpdate,
} from './policy-rules';

export type { ClusterRoleBinding };

/** Grants a cluster role in the whole cluster. */
export const clusterRoleBindingKind: KindDefinition<ClusterRoleBinding> = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  singular: 'clusterrolebinding',
  namespaced: false,
  createdByUpdate: true,
  schema: 'io.k8s.api.rbac.v1.ClusterRoleBinding',
  nameRule: 'path-segment',
  columns: bindingColumns,
  default: defaultBinding,
  validate: (binding) => validateBinding(binding, { namespaced: false }),
  validateUpdate: validateBindingUpdate,
};
