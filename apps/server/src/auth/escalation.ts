import { forbidden, notFound } from '@wheelhouse/shared/errors';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { ClusterRole, PolicyRule, RoleBinding, RoleRef } from 'kubernetes-types/rbac/v1';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/admission';
import type { Authorizer } from './auth';
import { missingRules, quotedList, ruleText } from './rbac-covers';
import { type RbacSource, rulesFor } from './rbac-source';

const GROUP = 'rbac.authorization.k8s.io';
const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody grants more than they have: who writes a role must hold all of its rules (or the verb `escalate` on it), who
 * writes a binding all rules of the role that it grants (or the verb `bind` on that role).
 */
export function createEscalationCheck(authorizer: Authorizer, source: RbacSource): AdmissionPlugin {
  return {
    name: 'RBACEscalation',
    validate(attributes) {
      const { kind, operation, subresource, object, user } = attributes;
      if (kind.group !== GROUP || subresource !== undefined || !object) return;
      if (operation !== 'create' && operation !== 'update') return;
      if (user.groups.includes('system:masters')) return;
      if (onlyReleases(attributes)) return;
      // Objects of this group are roles and bindings, as their kind says.
      return kind.kind === 'Role' || kind.kind === 'ClusterRole'
        ? checkRole(attributes, object as ClusterRole)
        : checkBinding(attributes, object as RoleBinding);
    },
  };

  async function may(attributes: AdmissionAttributes, verb: string, role: RoleRef): Promise<boolean> {
    const { namespace, user } = attributes;
    const decision = await authorizer.authorize({
      user,
      resource: {
        verb,
        group: GROUP,
        version: 'v1',
        plural: role.kind === 'Role' ? 'roles' : 'clusterroles',
        name: role.name,
        ...(namespace ? { namespace } : {}),
      },
    });
    return decision.allowed;
  }

  async function checkRole(attributes: AdmissionAttributes, role: ClusterRole): Promise<void> {
    const { kind, name, oldObject } = attributes;
    if (await may(attributes, 'escalate', { apiGroup: GROUP, kind: kind.kind, name })) return;
    confirm(attributes, role.rules ?? []);
    const before = oldObject as ClusterRole | undefined;
    // Whoever gathers roles gathers whatever others will put into them.
    if (role.aggregationRule || before?.aggregationRule) {
      const missing = missingOf(attributes, EVERYTHING);
      if (missing.length > 0)
        throw refusal(attributes, 'must have cluster-admin privileges to use the aggregationRule');
    }
  }

  async function checkBinding(attributes: AdmissionAttributes, { roleRef }: RoleBinding): Promise<void> {
    if (await may(attributes, 'bind', roleRef)) return;
    const { namespace } = attributes;
    const role =
      roleRef.kind === 'ClusterRole'
        ? source.clusterRole(roleRef.name)
        : source.role(namespace ?? '', roleRef.name);
    if (!role) {
      const plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
      throw notFound({ group: GROUP, kind: plural, name: roleRef.name });
    }
    confirm(attributes, role.rules ?? []);
  }

  function missingOf({ user, namespace }: AdmissionAttributes, wanted: readonly PolicyRule[]): PolicyRule[] {
    return missingRules([...rulesFor(source, user, namespace)], wanted);
  }

  function confirm(attributes: AdmissionAttributes, wanted: readonly PolicyRule[]): void {
    const missing = missingOf(attributes, wanted);
    if (missing.length === 0) return;
    const { user } = attributes;
    throw refusal(
      attributes,
      `user ${JSON.stringify(user.name)} (groups=${quotedList(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${missing.map(ruleText).sort().join('\n')}`,
    );
  }
}

function refusal({ kind, name }: AdmissionAttributes, why: string): Error {
  return forbidden({ group: kind.group, kind: kind.plural, name }, why);
}

/** The garbage collector only takes owners and finalizers away, which grants nothing. */
function onlyReleases({ object, oldObject }: AdmissionAttributes): boolean {
  if (!object || !oldObject) return false;
  const rest = (one: KubeObject) => {
    const { finalizers, ownerReferences, managedFields, resourceVersion, ...metadata } = one.metadata ?? {};
    return { ...one, metadata };
  };
  return equalJson(rest(object), rest(oldObject));
}
