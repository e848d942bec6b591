import type { PolicyRule, RoleRef, Subject } from 'kubernetes-types/rbac/v1';
import { complaints, type FieldError, invalidValue, notSupported, required } from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { PrintColumn } from '../../meta/kind';
import { dns1123Subdomain, pathSegment } from '../../meta/names';
import type { KubeObject } from '../../meta/object';
import { ageColumn, nameColumn } from '../columns';
import { nullWhenUnset } from '../null-times';

/** What roles have in common, and what bindings have in common. */
export const RBAC_GROUP = 'rbac.authorization.k8s.io';

/** `rules` is always on the wire of Kubernetes, null when there are none. */
export function defaultRole(role: { rules?: PolicyRule[] }): void {
  nullWhenUnset(role, 'rules');
}

export function validateRules(
  rules: readonly PolicyRule[] | undefined,
  { namespaced }: { namespaced: boolean },
): FieldError[] {
  return (rules ?? []).flatMap((rule, i) => validateRule(rule, `rules[${i}]`, namespaced));
}

function validateRule(rule: PolicyRule, path: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.verbs?.length) errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
  if (rule.nonResourceURLs?.length) {
    const field = `${path}.nonResourceURLs`;
    if (namespaced) {
      errors.push(
        invalidValue(field, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'),
      );
    }
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
      errors.push(
        invalidValue(
          field,
          rule.nonResourceURLs,
          'rules cannot apply to both regular resources and non-resource URLs',
        ),
      );
    }
    return errors;
  }
  if (!rule.apiGroups?.length) {
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (!rule.resources?.length) {
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
  return errors;
}

/** A binding as both kinds of bindings have it. */
interface Binding extends KubeObject {
  roleRef: RoleRef;
  subjects?: Subject[];
}

/** Users and groups belong to the RBAC group, service accounts to the core group. */
export function defaultBinding(binding: Binding): void {
  if (binding.roleRef && !binding.roleRef.apiGroup) binding.roleRef.apiGroup = RBAC_GROUP;
  for (const subject of binding.subjects ?? []) {
    if (!subject.apiGroup && (subject.kind === 'User' || subject.kind === 'Group')) {
      subject.apiGroup = RBAC_GROUP;
    }
  }
}

export function validateBinding(
  { roleRef, subjects }: Binding,
  { namespaced }: { namespaced: boolean },
): FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = roleRef ?? {};
  const errors: FieldError[] = [];
  if (apiGroup !== RBAC_GROUP) errors.push(notSupported('roleRef.apiGroup', apiGroup, [RBAC_GROUP]));
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  if (!kinds.includes(kind)) errors.push(notSupported('roleRef.kind', kind, kinds));
  if (name === '') errors.push(required('roleRef.name'));
  else errors.push(...complaints('roleRef.name', name, pathSegment(name)));
  const each = (subjects ?? []).flatMap((subject, i) =>
    validateSubject(subject, `subjects[${i}]`, namespaced),
  );
  return [...errors, ...each];
}

function validateSubject(subject: Subject, path: string, namespaced: boolean): FieldError[] {
  const { apiGroup = '', kind = '', name = '' } = subject;
  const errors: FieldError[] = [];
  if (name === '') errors.push(required(`${path}.name`));
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') errors.push(...complaints(`${path}.name`, name, dns1123Subdomain(name)));
      if (apiGroup !== '') errors.push(notSupported(`${path}.apiGroup`, apiGroup, ['']));
      if (!namespaced && !subject.namespace) errors.push(required(`${path}.namespace`));
      return errors;
    case 'User':
    case 'Group':
      if (apiGroup !== RBAC_GROUP) errors.push(notSupported(`${path}.apiGroup`, apiGroup, [RBAC_GROUP]));
      return errors;
    default:
      return [...errors, notSupported(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}

/** What a binding grants is fixed: who may edit subjects must not thereby choose another role. */
export function validateBindingUpdate(next: Binding, previous: Binding): FieldError[] {
  return equalJson(next.roleRef, previous.roleRef)
    ? []
    : [invalidValue('roleRef', next.roleRef ?? null, 'cannot change roleRef')];
}

export const roleColumns: readonly PrintColumn<KubeObject>[] = [
  nameColumn,
  {
    name: 'Created At',
    type: 'date',
    description: 'When the role was created.',
    cell: ({ metadata }) => metadata?.creationTimestamp ?? '<unknown>',
  },
];

export const bindingColumns: readonly PrintColumn<Binding>[] = [
  nameColumn,
  {
    name: 'Role',
    type: 'string',
    description: 'What the binding grants.',
    cell: ({ roleRef }) => `${roleRef?.kind ?? ''}/${roleRef?.name ?? ''}`,
  },
  ageColumn,
  subjectColumn('Users', 'User'),
  subjectColumn('Groups', 'Group'),
  subjectColumn('ServiceAccounts', 'ServiceAccount'),
];

function subjectColumn(name: string, kind: string): PrintColumn<Binding> {
  return {
    name,
    type: 'string',
    priority: 1,
    description: `${name} that the role is granted to.`,
    cell: ({ subjects }) =>
      (subjects ?? [])
        .filter((subject) => subject.kind === kind)
        .map((subject) =>
          kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name,
        )
        .join(', '),
  };
}
