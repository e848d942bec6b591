import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isFinished } from '../machinery/pods';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const NODES = ['a', 'b'];
const KEPT = 3;

it('pods of nodes that are gone go, as do the oldest finished ones, and no other', async () => {
  await survives({
    async start() {
      const harness = new Harness(['podgc'], { terminatedPodThreshold: KEPT });
      for (const name of NODES) await harness.client.create(nodeKind, { metadata: { name } });
      await harness.start();
      return harness;
    },
    kinds: [podKind, nodeKind],
    actions: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('pod' as const), node: fc.constantFrom(...NODES) }),
      },
      fc.record({ do: fc.constant('node' as const), node: fc.constantFrom(...NODES) }),
      fc.record({ do: fc.constantFrom('finish', 'end' as const), pod: fc.nat(8) }),
    ),
    async act(harness, action) {
      const { client } = harness;
      const pod = 'pod' in action ? harness.pods()[action.pod] : undefined;
      if (pod && action.do === 'finish') await harness.setPod(pod, 'succeeded');
      if (pod && action.do === 'end') await harness.setPod(pod, 'failed');
      if (action.do === 'pod') {
        const metadata = { name: `p${client.calls.length}`, namespace: 'n' };
        await client.create(podKind, { metadata, spec: { nodeName: action.node, containers: [] } });
      }
      if (action.do === 'node') {
        const there = client.all(nodeKind).some(({ metadata }) => metadata.name === action.node);
        if (there) await client.delete(nodeKind, { name: action.node });
        else await client.create(nodeKind, { metadata: { name: action.node } });
      }
    },
    watch({ client }, { verb, key }) {
      if (verb !== 'delete') return undefined;
      const pod = client.all(podKind).find(({ metadata }) => `n/${metadata.name}` === key);
      const lives = client.all(nodeKind).some(({ metadata }) => metadata.name === pod?.spec?.nodeName);
      return pod && lives && !isFinished(pod) ? `${key} runs on ${pod.spec?.nodeName}` : undefined;
    },
    converged({ client }) {
      const nodes = new Set(client.all(nodeKind).map(({ metadata }) => metadata.name));
      const pods = client.all(podKind);
      expect(pods.filter(({ spec }) => !nodes.has(spec?.nodeName ?? ''))).toEqual([]);
      expect(pods.filter(isFinished).length).toBeLessThanOrEqual(KEPT);
    },
  });
}, 60_000);
