import { equalJson } from '@wheelhouse/shared/meta/json';
import { selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { ClusterRole, PolicyRule } from 'kubernetes-types/rbac/v1';

/**
 * The rules that an aggregated role gathers: those of all roles that one of its selectors chooses, by the roles' names,
 * each rule once. Undefined when it has just these, or gathers nothing at all.
 */
export function gatheredRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] | undefined {
  if (!role.aggregationRule) return undefined;
  const byName = [...all].sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  const rules: PolicyRule[] = [];
  for (const selector of role.aggregationRule.clusterRoleSelectors ?? []) {
    const chosen = selectorFromLabelSelector(selector);
    for (const other of byName) {
      if (other.metadata?.name === role.metadata?.name || !chosen.matches(other.metadata?.labels)) continue;
      for (const rule of other.rules ?? []) {
        if (!rules.some((known) => equalJson(known, rule))) rules.push(rule);
      }
    }
  }
  return equalJson(rules, role.rules ?? []) ? undefined : rules;
}
