import type {
  ClusterRole,
  ClusterRoleBinding,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from 'kubernetes-types/rbac/v1';
import type { UserInfo } from '../http/extension';
import type { PolicyRule } from './rbac-rules';

/** Where roles and bindings come from: built in, or the cluster's own objects. Reads are synchronous and current. */
export interface RbacSource {
  /** Another number whenever anything has changed: what was concluded from the source is remembered until then. */
  readonly generation: number;
  clusterRole(name: string): Pick<ClusterRole, 'rules'> | undefined;
  role(namespace: string, name: string): Pick<Role, 'rules'> | undefined;
  clusterRoleBindings(): readonly Pick<ClusterRoleBinding, 'metadata' | 'roleRef' | 'subjects'>[];
  roleBindings(namespace: string): readonly Pick<RoleBinding, 'metadata' | 'roleRef' | 'subjects'>[];
}

const SERVICE_ACCOUNT_PREFIX = 'system:serviceaccount:';

/** Every rule that applies to a user at the cluster scope and, when given, in one namespace. */
export function* rulesFor(source: RbacSource, user: UserInfo, namespace?: string): Generator<PolicyRule> {
  yield* clusterRulesFor(source, user);
  if (namespace !== undefined) yield* namespaceRulesFor(source, user, namespace);
}

/** What cluster role bindings grant to a user. */
export function* clusterRulesFor(source: RbacSource, user: UserInfo): Generator<PolicyRule> {
  for (const binding of source.clusterRoleBindings())
    if (subjectFor(binding.subjects, user, undefined)) yield* rulesOfRole(source, binding.roleRef, undefined);
}

/** What the role bindings of a namespace grant to a user. */
export function* namespaceRulesFor(
  source: RbacSource,
  user: UserInfo,
  namespace: string,
): Generator<PolicyRule> {
  for (const binding of source.roleBindings(namespace))
    if (subjectFor(binding.subjects, user, namespace)) yield* rulesOfRole(source, binding.roleRef, namespace);
}

/** A binding to a role that does not exist grants nothing. */
export function rulesOfRole(
  source: RbacSource,
  ref: RoleRef,
  namespace: string | undefined,
): readonly PolicyRule[] {
  if (ref.kind === 'ClusterRole') return source.clusterRole(ref.name)?.rules ?? [];
  return namespace === undefined ? [] : (source.role(namespace, ref.name)?.rules ?? []);
}

/** The subject of a binding that a user is. */
export function subjectFor(
  subjects: readonly Subject[] | undefined,
  user: UserInfo,
  bindingNamespace: string | undefined,
): Subject | undefined {
  return subjects?.find((subject) => {
    switch (subject.kind) {
      case 'User':
        return subject.name === user.name;
      case 'Group':
        return user.groups.includes(subject.name);
      case 'ServiceAccount': {
        const namespace = subject.namespace || bindingNamespace;
        return (
          namespace !== undefined && user.name === `${SERVICE_ACCOUNT_PREFIX}${namespace}:${subject.name}`
        );
      }
      default:
        return false;
    }
  });
}
