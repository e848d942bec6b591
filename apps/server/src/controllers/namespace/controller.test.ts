import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

/** Whoever held an object back lets it go. */
async function release({ client }: Harness): Promise<void> {
  for (const object of client.all(configMapKind)) {
    const { deletionTimestamp, finalizers, ...metadata } = object.metadata;
    if (deletionTimestamp && finalizers) await client.update(configMapKind, { ...object, metadata });
  }
}

it('a namespace that is deleted is emptied before it goes; others are left alone', async () => {
  await survives(
    {
      async start() {
        const harness = new Harness(['namespace']);
        for (const name of ['going', 'staying']) {
          await harness.client.create(namespaceKind, {
            metadata: { name },
            spec: { finalizers: ['kubernetes'] },
          });
          await harness.client.create(configMapKind, { metadata: { name: 'kept', namespace: name } });
        }
        await harness.start();
        return harness;
      },
      kinds: [namespaceKind, configMapKind, podKind],
      actions: fc.oneof(
        { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('config', 'held', 'pod' as const) }) },
        fc.record({ do: fc.constantFrom('delete', 'release', 'end' as const) }),
      ),
      async act(harness, action) {
        const { client } = harness;
        if (action.do === 'end') await harness.finishTerminating();
        if (action.do === 'release') await release(harness);
        const going = client.all(namespaceKind).find(({ metadata }) => metadata.name === 'going');
        const metadata = { name: `x${client.calls.length}`, namespace: 'going' };
        // The API lets nothing into a namespace that is being deleted.
        if (going && !going.metadata.deletionTimestamp) {
          if (action.do === 'config') await client.create(configMapKind, { metadata });
          if (action.do === 'held')
            await client.create(configMapKind, {
              metadata: { ...metadata, finalizers: ['example.com/held'] },
            });
          if (action.do === 'pod')
            await client.create(podKind, { metadata, spec: { nodeName: 'node', containers: [] } });
          if (action.do === 'delete') await client.delete(namespaceKind, { name: 'going' });
        }
      },
      async help(harness) {
        await harness.finishTerminating();
        await release(harness);
      },
      watch({ client }, { verb, type, key, subresource }) {
        if (verb === 'delete' && key.startsWith('staying/')) return `${key} is deleted`;
        if (verb === 'delete' && type === configMapKind && client.all(podKind).length > 0)
          return `${key} is taken from pods that still run`;
        if (type !== namespaceKind || subresource !== 'finalize') return undefined;
        const left = [...client.all(configMapKind), ...client.all(podKind)];
        const inside = left.filter(({ metadata }) => metadata.namespace === 'going');
        return inside.length > 0 ? `${inside.length} objects are left` : undefined;
      },
      converged({ client }) {
        const left = client.all(namespaceKind).filter(({ metadata }) => metadata.deletionTimestamp);
        expect(left).toEqual([]);
        const kept = client.all(configMapKind).filter(({ metadata }) => metadata.namespace === 'staying');
        expect(kept).toHaveLength(1);
      },
    },
    { runs: 30 },
  );
}, 60_000);
