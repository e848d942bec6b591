import type { RoleBinding } from 'kubernetes-types/rbac/v1';
import type { KindDefinition } from '../../meta/kind';
import {
  bindingColumns,
  defaultBinding,
  RBAC_GROUP,
  validateBinding,
  validateBindingUpdate,
} from './policy-rules';

export type { RoleBinding };

/** Grants a role, or a cluster role, within its namespace. */
export const roleBindingKind: KindDefinition<RoleBinding> = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'RoleBinding',
  plural: 'rolebindings',
  singular: 'rolebinding',
  namespaced: true,
  createdByUpdate: true,
  schema: 'io.k8s.api.rbac.v1.RoleBinding',
  nameRule: 'path-segment',
  columns: bindingColumns,
  default: defaultBinding,
  validate: (binding) => validateBinding(binding, { namespaced: true }),
  validateUpdate: validateBindingUpdate,
};
