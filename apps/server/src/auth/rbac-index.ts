import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from 'kubernetes-types/rbac/v1';
import type { RbacObjects } from './default-rbac/default-rbac';
import type { RbacSource } from './rbac-source';

/** A fixed set of roles and bindings as a source for the authorizer. */
export function rbacSourceOf(objects: RbacObjects): RbacSource {
  const clusterRoles = new Map<string, ClusterRole>();
  for (const role of objects.clusterRoles) clusterRoles.set(role.metadata?.name ?? '', role);
  const roles = new Map<string, Role>();
  for (const role of objects.roles) roles.set(keyOf(role), role);
  const bindings = new Map<string, RoleBinding[]>();
  for (const binding of objects.roleBindings) {
    const namespace = binding.metadata?.namespace ?? '';
    bindings.set(namespace, [...(bindings.get(namespace) ?? []), binding]);
  }
  return {
    generation: 0,
    clusterRole: (name) => clusterRoles.get(name),
    role: (namespace, name) => roles.get(`${namespace}/${name}`),
    clusterRoleBindings: (): readonly ClusterRoleBinding[] => objects.clusterRoleBindings,
    roleBindings: (namespace) => bindings.get(namespace) ?? [],
  };
}

const keyOf = ({ metadata }: Role): string => `${metadata?.namespace ?? ''}/${metadata?.name ?? ''}`;
