import { serviceUnavailable } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const ROOM = 4;

it('gives nobody the range of a write whose answer was lost while the watch lags', async () => {
  const harness = new Harness(['nodeipam'], { clusterCidr: '10.0.0.0/22', nodeCidrMaskSize: 24 });
  await harness.start();
  const { client } = harness;
  client.hideChanges(nodeKind);
  await client.create(nodeKind, { metadata: { name: 'n1' } });
  let isLost = false;
  client.after = ({ verb }) => {
    if (verb !== 'patch' || isLost) return;
    isLost = true;
    throw serviceUnavailable('lost');
  };
  // The watch tells of both nodes before it tells of what was written to the first.
  client.hideChanges(nodeKind);
  await client.create(nodeKind, { metadata: { name: 'n2' } });
  await harness.quiet();
  client.showChanges();
  await harness.settle();
  expect(isLost).toBe(true);
  expect(client.all(nodeKind).map(({ spec }) => spec?.podCIDR)).toEqual(['10.0.0.0/24', '10.0.1.0/24']);
  await harness.stop();
});

it('no two nodes have the same range, none changes its own, and who waits gets what becomes free', async () => {
  await survives({
    async start() {
      const harness = new Harness(['nodeipam'], { clusterCidr: '10.0.0.0/22', nodeCidrMaskSize: 24 });
      await harness.start();
      return harness;
    },
    kinds: [nodeKind],
    actions: fc.oneof(
      { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const) }) },
      fc.record({ do: fc.constant('remove' as const), node: fc.nat(5) }),
    ),
    async act({ client }, action) {
      const node = action.do === 'remove' ? client.all(nodeKind)[action.node] : undefined;
      if (node) await client.delete(nodeKind, node.metadata);
      if (action.do === 'add')
        await client.create(nodeKind, { metadata: { name: `n${client.calls.length}` } });
    },
    watch({ client }, { verb, key }) {
      const node = client.all(nodeKind).find(({ metadata }) => metadata.name === key);
      return verb === 'patch' && node?.spec?.podCIDR ? `${key} has ${node.spec.podCIDR} already` : undefined;
    },
    async help({ client }) {
      // Nodes that wait for room would be tried for ever. Which ones do depends on whose write failed.
      const nodes = client.all(nodeKind);
      if (nodes.length <= ROOM) return;
      for (const { metadata, spec } of nodes) if (!spec?.podCIDR) await client.delete(nodeKind, metadata);
    },
    converged({ client }) {
      const ranges = client.all(nodeKind).map(({ spec }) => spec?.podCIDR);
      expect(new Set(ranges).size).toBe(ranges.length);
      const waiting = ranges.filter((range) => range === undefined).length;
      expect(waiting).toBe(Math.max(0, ranges.length - ROOM));
    },
  });
}, 60_000);
