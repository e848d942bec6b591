import type { ClusterRole } from 'kubernetes-types/rbac/v1';
import { describe, expect, it } from 'vitest';
import { gatheredRules } from './plan';

const rule = (resource: string) => ({ verbs: ['get'], apiGroups: [''], resources: [resource] });
const part = (name: string, label: string, ...resources: string[]): ClusterRole => ({
  metadata: { name, labels: { to: label } },
  rules: resources.map(rule),
});
const whole = (rules: ClusterRole['rules']): ClusterRole => ({
  metadata: { name: 'whole', labels: { to: 'whole' } },
  aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'whole' } }] },
  ...(rules ? { rules } : {}),
});

describe('gatheredRules', () => {
  const all = [
    part('z', 'whole', 'pods', 'nodes'),
    part('a', 'whole', 'pods'),
    part('b', 'other', 'secrets'),
  ];

  it('gathers what the selectors choose, by name, each rule once and not itself', () => {
    expect(gatheredRules(whole([rule('own')]), [whole([rule('own')]), ...all])).toEqual([
      rule('pods'),
      rule('nodes'),
    ]);
  });

  it('asks for no write where all is gathered, and none of a role that gathers nothing', () => {
    expect(gatheredRules(whole([rule('pods'), rule('nodes')]), all)).toBeUndefined();
    expect(gatheredRules(part('a', 'whole', 'pods'), all)).toBeUndefined();
  });
});
