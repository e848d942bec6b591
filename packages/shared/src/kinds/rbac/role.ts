import type { Role } from 'kubernetes-types/rbac/v1';
import type { KindDefinition } from '../../meta/kind';
import { defaultRole, RBAC_GROUP, roleColumns, validateRules } from './policy-rules';

export type { Role };

/** What may be done within one namespace; granted by role bindings. */
export const roleKind: KindDefinition<Role> = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'Role',
  plural: 'roles',
  singular: 'role',
  namespaced: true,
  createdByUpdate: true,
  schema: 'io.k8s.api.rbac.v1.Role',
  nameRule: 'path-segment',
  columns: roleColumns,
  default: defaultRole,
  validate: ({ rules }) => validateRules(rules, { namespaced: true }),
};
