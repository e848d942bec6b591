import type { ClusterRole } from 'kubernetes-types/rbac/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { gatheredRules } from './plan';

interface Case {
  /** What the selectors ask for: one set of labels each. */
  readonly selectors?: readonly Record<string, string>[];
  /** The resources of its rules. */
  readonly rules: readonly string[];
  /** Each role with its label and the resources of its rules, e.g. `to=view pods nodes`. */
  readonly others: Readonly<Record<string, string>>;
}

const rule = (resource: string) => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });

describe('gatheredRules', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ selectors, rules, others }) => {
    const role: ClusterRole = {
      metadata: { name: 'whole', labels: { to: 'view' } },
      rules: rules.map(rule),
      ...(selectors
        ? { aggregationRule: { clusterRoleSelectors: selectors.map((matchLabels) => ({ matchLabels })) } }
        : {}),
    };
    const all = Object.entries(others).map(([name, text]): ClusterRole => {
      const [label = '', ...resources] = text.split(' ');
      const [key = '', value = ''] = label.split('=');
      return { metadata: { name, labels: { [key]: value } }, rules: resources.map(rule) };
    });
    return gatheredRules(role, [role, ...all])?.map(({ resources }) => resources?.join()) ?? 'no change';
  });
});
