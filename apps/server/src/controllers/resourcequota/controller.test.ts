import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { resourceQuotaKind } from '@wheelhouse/shared/kinds/core/resource-quota';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const COUNT = 'count/configmaps';

it('a quota says in the end what there is, whatever was charged, lost or given back in between', async () => {
  await survives({
    async start() {
      const harness = new Harness(['resourcequota']);
      await harness.client.create(resourceQuotaKind, {
        metadata: { name: 'few', namespace: 'n' },
        spec: { hard: { [COUNT]: '100' } },
      });
      await harness.start();
      return harness;
    },
    kinds: [configMapKind, resourceQuotaKind],
    actions: fc.oneof(
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('create', 'charge', 'limit' as const) }) },
      fc.record({ do: fc.constant('delete' as const), which: fc.nat(5) }),
    ),
    async act({ client }, action) {
      const [quota] = client.all(resourceQuotaKind);
      const configMap = action.do === 'delete' ? client.all(configMapKind)[action.which] : undefined;
      if (configMap) await client.delete(configMapKind, configMap.metadata);
      // As admission does: charged first, then written; a write that fails after that leaves its charge behind.
      if (quota?.status?.used && (action.do === 'create' || action.do === 'charge')) {
        const used = { ...quota.status.used, [COUNT]: String(Number(quota.status.used[COUNT]) + 1) };
        await client.update(
          resourceQuotaKind,
          { ...quota, status: { ...quota.status, used } },
          { subresource: 'status' },
        );
      }
      if (action.do === 'create')
        await client.create(configMapKind, { metadata: { name: `m${client.calls.length}`, namespace: 'n' } });
      if (quota && action.do === 'limit') {
        const hard = { [COUNT]: quota.spec?.hard?.[COUNT] === '100' ? '50' : '100' };
        await client.update(resourceQuotaKind, { ...quota, spec: { hard } });
      }
    },
    converged({ client }) {
      const [quota] = client.all(resourceQuotaKind);
      expect(quota?.status).toEqual({
        hard: quota?.spec?.hard,
        used: { [COUNT]: String(client.all(configMapKind).length) },
      });
    },
  });
}, 60_000);
