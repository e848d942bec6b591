import { Readable } from 'node:stream';
import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { ManualClock } from '@wheelhouse/shared/clock';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import pino from 'pino';
import { expect, it } from 'vitest';
import type { ApiRequest } from '../http/extension';
import type { NodeConnections } from '../nodes/node-connections';
import { startMetrics } from './start-metrics';
import { metricsGroup } from './virtual-group';

const request: ApiRequest = {
  user: { name: 'me', groups: [] },
  method: 'GET',
  url: new URL('https://localhost/'),
  resource: {
    verb: 'list',
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    plural: 'pods',
    namespace: 'default',
  },
};

it('turns what kubelets have counted into what pods and nodes use', async () => {
  const clock = new ManualClock();
  const client = new MemoryClient(clock);
  await client.create(nodeKind, { metadata: { name: 'n' } });
  await client.create(nodeKind, { metadata: { name: 'silent' } });
  const pod = await client.create(podKind, {
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'n', containers: [] },
  });
  let cpuNanoseconds = 5e9;
  const nodes: NodeConnections = {
    isConnected: () => true,
    connect: () => Promise.reject(new Error('not asked for')),
    request: async (node) => {
      if (node === 'silent') throw new Error('no answer');
      const time = clock.now().toISOString();
      const sample = {
        name: 'c',
        cpu: { time, usageCoreNanoSeconds: cpuNanoseconds },
        memory: { time, workingSetBytes: 2048 },
      };
      const podRef = { namespace: 'default', name: 'p', uid: pod.metadata.uid };
      const body = JSON.stringify({ node: {}, pods: [{ podRef, containers: [sample, { name: 'odd' }] }] });
      return { status: 200, headers: {}, body: Readable.from([body]) };
    },
  };
  const metrics = startMetrics({ client, nodes, clock, log: pino({ level: 'silent' }) });
  const group = metricsGroup({ usages: metrics.usages, client, clock });
  const [nodeMetrics, podMetrics] = group.resources;

  await metrics.round();
  // One look says nothing about a rate.
  expect(await podMetrics?.list?.(request)).toMatchObject({ items: [] });
  cpuNanoseconds += 2.5e9;
  clock.advance(10_000);
  await metrics.round();
  expect(await podMetrics?.list?.(request)).toMatchObject({
    kind: 'PodMetricsList',
    items: [
      {
        kind: 'PodMetrics',
        metadata: { name: 'p', namespace: 'default' },
        window: '10s',
        containers: [{ name: 'c', usage: { cpu: '250000000n', memory: '2Ki' } }],
      },
    ],
  });
  expect(await nodeMetrics?.get?.('n', request)).toMatchObject({
    usage: { cpu: '250000000n', memory: '2Ki' },
  });
  await expect(nodeMetrics?.get?.('silent', request)).rejects.toMatchObject({ code: 404 });

  // A restarted container counts from zero: no rate until the next look, and never a negative one.
  cpuNanoseconds = 1e9;
  clock.advance(10_000);
  await metrics.round();
  expect(await podMetrics?.list?.(request)).toMatchObject({ items: [] });
  await metrics.stop();
});
