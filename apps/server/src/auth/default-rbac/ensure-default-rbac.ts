import type { Client } from '@wheelhouse/shared/client/client';
import { isAlreadyExists, isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { type ClusterRole, clusterRoleKind } from '@wheelhouse/shared/kinds/rbac/cluster-role';
import { clusterRoleBindingKind } from '@wheelhouse/shared/kinds/rbac/cluster-role-binding';
import { roleKind } from '@wheelhouse/shared/kinds/rbac/role';
import { roleBindingKind } from '@wheelhouse/shared/kinds/rbac/role-binding';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { type KubeObject, keyOf } from '@wheelhouse/shared/meta/object';
import type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1';
import { missingRules } from '../rbac-covers';
import { AUTOUPDATE, DEFAULT_RBAC } from './default-rbac';

interface Role extends KubeObject {
  rules?: PolicyRule[];
  aggregationRule?: ClusterRole['aggregationRule'];
}
interface Binding extends KubeObject {
  roleRef: RoleRef;
  subjects?: Subject[];
}

/** Somebody else's write came between; another server starts at the same time. */
const ATTEMPTS = 5;

/**
 * Creates the default roles and bindings that are missing and gives back to the others what was taken from them; what
 * was added stays. Objects whose annotation says that they are not updated are left alone. Writes nothing where all is
 * in order.
 */
export async function ensureDefaultRbac(client: Client): Promise<void> {
  const { clusterRoles, clusterRoleBindings, roles, roleBindings } = DEFAULT_RBAC;
  await Promise.all([
    ensureAll<Role>(client, clusterRoleKind, clusterRoles, correctedRole),
    ensureAll<Role>(client, roleKind, roles, correctedRole),
    ensureAll<Binding>(client, clusterRoleBindingKind, clusterRoleBindings, correctedBinding),
    ensureAll<Binding>(client, roleBindingKind, roleBindings, correctedBinding),
  ]);
}

async function ensureAll<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  wanted: readonly T[],
  correct: (current: T, wanted: T) => T,
): Promise<void> {
  const { items } = await client.list(type);
  const known = new Map(items.map((item) => [keyOf(item), item]));
  await Promise.all(
    wanted.map((one) => ensureOne(client, type, { wanted: one, known: known.get(keyOf(one)), correct })),
  );
}

async function ensureOne<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  options: { wanted: T; known: T | undefined; correct: (current: T, wanted: T) => T },
): Promise<void> {
  const { wanted, correct } = options;
  const ref = { name: wanted.metadata?.name ?? '', namespace: wanted.metadata?.namespace };
  let current = options.known;
  for (let attempt = 1; ; attempt++) {
    try {
      if (!current) {
        await client.create(type, wanted);
        return;
      }
      const next = correct(current, wanted);
      if (equalJson(next, current)) return;
      if (next.metadata?.uid === undefined) {
        // What a binding grants cannot be changed, only bound anew.
        await client.delete(type, ref);
        await client.create(type, next);
      } else await client.update(type, next);
      return;
    } catch (error) {
      const raced = isConflict(error) || isAlreadyExists(error) || isNotFound(error);
      if (!raced || attempt === ATTEMPTS) throw error;
      current = await client.get(type, ref).catch((failure: unknown) => {
        if (isNotFound(failure)) return undefined;
        throw failure;
      });
    }
  }
}

const isProtected = ({ metadata }: KubeObject) => metadata?.annotations?.[AUTOUPDATE] === 'false';

function correctedRole(current: Role, wanted: Role): Role {
  if (isProtected(current)) return current;
  const next: Role = { ...current, metadata: correctedMetadata(current, wanted) };
  if (wanted.aggregationRule) {
    const own = current.aggregationRule?.clusterRoleSelectors ?? [];
    const lacking = (wanted.aggregationRule.clusterRoleSelectors ?? []).filter(
      (selector) => !own.some((known) => equalJson(known, selector)),
    );
    if (lacking.length) next.aggregationRule = { clusterRoleSelectors: [...own, ...lacking] };
    return next;
  }
  const missing = missingRules(current.rules ?? [], wanted.rules ?? []);
  if (missing.length) next.rules = [...(current.rules ?? []), ...missing];
  return next;
}

function correctedBinding(current: Binding, wanted: Binding): Binding {
  if (isProtected(current)) return current;
  if (!equalJson(current.roleRef, wanted.roleRef)) return wanted;
  const own = current.subjects ?? [];
  const lacking = (wanted.subjects ?? []).filter(
    (subject) => !own.some((known) => sameSubject(known, subject)),
  );
  const next: Binding = { ...current, metadata: correctedMetadata(current, wanted) };
  if (lacking.length) next.subjects = [...own, ...lacking];
  return next;
}

const sameSubject = (a: Subject, b: Subject) =>
  a.kind === b.kind && a.name === b.name && (a.namespace ?? '') === (b.namespace ?? '');

/** Labels and annotations that are missing; those that somebody changed stay changed. */
function correctedMetadata(current: KubeObject, wanted: KubeObject): KubeObject['metadata'] {
  return {
    ...current.metadata,
    labels: { ...wanted.metadata?.labels, ...current.metadata?.labels },
    annotations: { ...wanted.metadata?.annotations, ...current.metadata?.annotations },
  };
}
