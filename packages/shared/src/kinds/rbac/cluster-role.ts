import type { ClusterRole } from 'kubernetes-types/rbac/v1';
import { type FieldError, invalidValue, required } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { validateLabelSelector } from '../../meta/labels';
import { defaultRole, RBAC_GROUP, roleColumns, validateRules } from './policy-rules';

export type { ClusterRole };

/** What may be done in the whole cluster, or, granted by a role binding, in one namespace. */
export const clusterRoleKind: KindDefinition<ClusterRole> = {
  group: RBAC_GROUP,
  version: 'v1',
  kind: 'ClusterRole',
  plural: 'clusterroles',
  singular: 'clusterrole',
  namespaced: false,
  createdByUpdate: true,
  schema: 'io.k8s.api.rbac.v1.ClusterRole',
  nameRule: 'path-segment',
  columns: roleColumns,
  default: defaultRole,
  validate: ({ rules, aggregationRule }) => [
    ...validateRules(rules, { namespaced: false }),
    ...validateAggregation(aggregationRule),
  ],
};

function validateAggregation(rule: ClusterRole['aggregationRule']): FieldError[] {
  if (!rule) return [];
  const path = 'aggregationRule.clusterRoleSelectors';
  if (!rule.clusterRoleSelectors?.length) {
    return [required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return rule.clusterRoleSelectors.flatMap((selector, i) => {
    const at = `${path}[${i}]`;
    const errors = validateLabelSelector(selector, at);
    return errors.length === 0 ? [] : [...errors, invalidValue(at, null, 'invalid label selector.')];
  });
}
