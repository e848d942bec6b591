import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { eventKind } from '@wheelhouse/shared/kinds/core/event';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';
import { FOREGROUND } from './decide';

const owners = ({ client }: Harness): Stored<KubeObject>[] => client.all(configMapKind);
const isSolid = ({ metadata }: Stored<KubeObject>) =>
  !(metadata.deletionTimestamp && metadata.finalizers?.includes(FOREGROUND));

it('what has lost all its owners goes, what has one left stays, and no reference dangles', async () => {
  await survives({
    async start() {
      const harness = new Harness(['garbagecollector']);
      for (const name of ['a', 'b', 'c'])
        await harness.client.create(configMapKind, { metadata: { name, namespace: 'n' } });
      await harness.start();
      return harness;
    },
    kinds: [configMapKind, secretKind],
    actions: fc.oneof(
      fc.record({ do: fc.constant('own' as const) }),
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('depend' as const),
          on: fc.uniqueArray(fc.nat(3), { minLength: 1, maxLength: 2 }),
          block: fc.boolean(),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          do: fc.constant('delete' as const),
          owner: fc.nat(3),
          propagationPolicy: fc.constantFrom('Background', 'Foreground', 'Orphan' as const),
        }),
      },
    ),
    async act(harness, action) {
      const { client } = harness;
      const metadata = { name: `x${client.calls.length}`, namespace: 'n' };
      if (action.do === 'own') await client.create(configMapKind, { metadata });
      if (action.do === 'depend') {
        const ownerReferences = action.on.flatMap((index) => {
          const owner = owners(harness)[index]?.metadata;
          const { name = '', uid = '' } = owner ?? {};
          return owner
            ? [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, blockOwnerDeletion: action.block }]
            : [];
        });
        await client.create(secretKind, { metadata: { ...metadata, ownerReferences } });
      }
      if (action.do === 'delete') {
        const owner = owners(harness)[action.owner];
        const { propagationPolicy } = action;
        if (owner) await client.delete(configMapKind, owner.metadata, { propagationPolicy });
      }
    },
    watch(harness, { verb, key }) {
      if (verb !== 'delete') return undefined;
      const object = harness.client.all(secretKind).find(({ metadata }) => `n/${metadata.name}` === key);
      const held = owners(harness).filter(
        (owner) =>
          isSolid(owner) && object?.metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid),
      );
      return held.length > 0 ? `${key} still has ${held.map(({ metadata }) => metadata.name)}` : undefined;
    },
    converged(harness) {
      const uids = new Set(owners(harness).map(({ metadata }) => metadata.uid));
      const references = harness.client
        .all(secretKind)
        .flatMap(({ metadata }) => metadata.ownerReferences ?? []);
      expect(references.filter(({ uid }) => !uids.has(uid))).toEqual([]);
      expect(owners(harness).filter(({ metadata }) => metadata.deletionTimestamp)).toEqual([]);
    },
  });
}, 60_000);

it('an owner of another kind, name or namespace than its reference says is none', async () => {
  const harness = new Harness(['garbagecollector']);
  const { client } = harness;
  const { metadata: owner } = await client.create(configMapKind, { metadata: { name: 'a', namespace: 'n' } });
  const right = { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: owner.uid };
  const references = {
    right,
    kind: { ...right, kind: 'Secret' },
    name: { ...right, name: 'b' },
    namespace: right,
  };
  for (const [name, reference] of Object.entries(references)) {
    const namespace = name === 'namespace' ? 'other' : 'n';
    await client.create(secretKind, { metadata: { name, namespace, ownerReferences: [reference] } });
  }
  await harness.start();
  await harness.settle();
  expect(client.all(secretKind).map(({ metadata }) => metadata.name)).toEqual(['right']);
  expect(client.all(eventKind).map(({ reason, message }) => [reason, message])).toEqual([
    [
      'OwnerRefInvalidNamespace',
      `ownerRef [v1/ConfigMap, namespace: other, name: a, uid: ${owner.uid}] does not exist in namespace "other"`,
    ],
  ]);
});
