import { customResourceDefinitionKind } from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { afterEach, expect, it } from 'vitest';
import { Harness } from '../testing/harness';

const WIDGETS: ResourceType = {
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
};
const DEFINITION = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [{ name: 'v1', served: true, storage: true }],
  },
  status: {
    acceptedNames: { plural: 'widgets', kind: 'Widget' },
    conditions: [{ type: 'Established', status: 'True' }],
  },
};

let harness: Harness | undefined;
afterEach(() => harness?.stop());

async function started(): Promise<Harness> {
  harness = new Harness(['namespace', 'garbagecollector']);
  await harness.start();
  const { client } = harness;
  await client.create(customResourceDefinitionKind, structuredClone(DEFINITION));
  await client.update(customResourceDefinitionKind, structuredClone(DEFINITION), { subresource: 'status' });
  await client.create(namespaceKind, {
    metadata: { name: 'one', finalizers: ['held'] },
    spec: { finalizers: ['kubernetes'] },
  });
  await harness.quiet();
  return harness;
}

it('empties a namespace of custom resources that were defined later', async () => {
  const { client } = await started();
  await client.create(WIDGETS, { metadata: { name: 'w', namespace: 'one' } });
  await client.delete(namespaceKind, { name: 'one' });
  await harness?.settle();
  expect(client.all(WIDGETS)).toEqual([]);
});

it('collects what a custom resource owned', async () => {
  const { client } = await started();
  const owner = await client.create(WIDGETS, { metadata: { name: 'w', namespace: 'one' } });
  const { uid } = owner.metadata;
  const ownerReferences = [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid }];
  await client.create(configMapKind, { metadata: { name: 'c', namespace: 'one', ownerReferences } });
  await harness?.settle();
  expect(client.all(configMapKind)).toHaveLength(1);
  await client.delete(WIDGETS, { name: 'w', namespace: 'one' });
  await harness?.settle();
  expect(client.all(configMapKind)).toEqual([]);
});

it('keeps what a custom resource owns when its kind moves on to another version', async () => {
  const { client } = await started();
  const owner = await client.create(WIDGETS, { metadata: { name: 'w', namespace: 'one' } });
  const { uid } = owner.metadata;
  const ownerReferences = [{ apiVersion: 'example.com/v1', kind: 'Widget', name: 'w', uid }];
  await client.create(configMapKind, { metadata: { name: 'c', namespace: 'one', ownerReferences } });
  await harness?.settle();
  const versions = [{ name: 'v2', served: true, storage: true }];
  const current = await client.get(customResourceDefinitionKind, { name: 'widgets.example.com' });
  await client.update(customResourceDefinitionKind, { ...current, spec: { ...current.spec, versions } });
  await harness?.settle();
  expect(client.all(configMapKind)).toHaveLength(1);
});
