import { clusterRoleKind } from '@wheelhouse/shared/kinds/rbac/cluster-role';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
const PARTS = ['a', 'b', 'c'];

it('an aggregated role has the rules of the roles that carry its label, and no others', async () => {
  await survives({
    async start() {
      const harness = new Harness(['clusterrole-aggregation']);
      await harness.client.create(clusterRoleKind, {
        metadata: { name: 'whole' },
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'whole' } }] },
        rules: [],
      });
      await harness.start();
      return harness;
    },
    kinds: [clusterRoleKind],
    actions: fc.record({
      do: fc.constantFrom('toggle', 'label', 'rules', 'tamper' as const),
      part: fc.constantFrom(...PARTS),
      resource: fc.constantFrom('pods', 'nodes', 'secrets'),
    }),
    async act({ client }, { do: what, part, resource }) {
      const name = what === 'tamper' ? 'whole' : part;
      const role = client.all(clusterRoleKind).find(({ metadata }) => metadata.name === name);
      if (what === 'toggle') {
        const metadata = { name: part, labels: { to: 'whole' } };
        if (role) await client.delete(clusterRoleKind, role.metadata);
        else await client.create(clusterRoleKind, { metadata, rules: [rule(resource)] });
      }
      if (!role) return;
      if (what === 'label') {
        const labels = { to: role.metadata.labels?.to === 'whole' ? 'none' : 'whole' };
        await client.update(clusterRoleKind, { ...role, metadata: { ...role.metadata, labels } });
      }
      if (what === 'rules' || what === 'tamper')
        await client.update(clusterRoleKind, { ...role, rules: [rule(resource)] });
    },
    converged({ client }) {
      const roles = client.all(clusterRoleKind);
      const wanted = roles
        .filter(({ metadata }) => metadata.labels?.to === 'whole')
        .flatMap(({ rules = [] }) => rules ?? [])
        .map((one) => JSON.stringify(one));
      const whole = roles.find(({ metadata }) => metadata.name === 'whole')?.rules ?? [];
      expect(whole.map((one) => JSON.stringify(one)).sort()).toEqual([...new Set(wanted)].sort());
    },
  });
}, 60_000);
