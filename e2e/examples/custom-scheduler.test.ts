import { KubeConfig } from '@kubernetes/client-node';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import { eventKind } from '@wheelhouse/shared/kinds/core/event';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../../apps/server/src/http/testing/test-api-server';
import { type Scheduler, startScheduler } from '../../apps/server/src/scheduler/start-scheduler';
import { startCustomScheduler } from './custom-scheduler';

let server: TestApiServer;
let ours: Scheduler;
let stopTheirs: () => void;

beforeAll(async () => {
  server = await startTestApiServer();
  const { client, baseUrl, ca, token } = server;
  ours = await startScheduler({ client, log: pino({ level: 'silent' }) });
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    { name: 'test', server: baseUrl, caData: Buffer.from(ca).toString('base64'), skipTLSVerify: false },
    { name: 'admin', token },
  );
  stopTheirs = await startCustomScheduler(config);
});

afterAll(async () => {
  stopTheirs();
  await ours.stop();
  await server.stop();
});

test("a user's scheduler binds the pods that ask for it, also those it could not place at first", async () => {
  const { client } = server;
  const pods = createInformer(client, podKind);
  const placed = new Promise<void>((resolve) => {
    pods.subscribe({
      updated: () => {
        if (pods.list().filter(({ spec }) => spec?.nodeName).length === 3) resolve();
      },
    });
  });
  pods.start();
  await pods.synced();
  const pod = (name: string, schedulerName: string) =>
    client.create(podKind, {
      metadata: { name, namespace: 'default' },
      spec: { schedulerName, containers: [{ name: 'main', image: 'sample' }] },
    });
  await pod('early', 'my-scheduler'); // no node is ready yet
  for (const [name, status] of [
    ['ready', 'True'],
    ['not-ready', 'False'],
  ] as const) {
    const node = await client.create(nodeKind, {
      metadata: { name },
      ...(status === 'False' ? { spec: { taints: [{ key: 'not-ready', effect: 'NoSchedule' }] } } : {}),
    });
    const conditions = [{ type: 'Ready', status }];
    const allocatable = { cpu: '1', memory: '1Gi', pods: '10' };
    await client.update(
      nodeKind,
      { ...node, status: { conditions, allocatable } },
      { subresource: 'status' },
    );
  }
  await pod('theirs', 'my-scheduler');
  await pod('default', 'default-scheduler');
  await placed;
  expect(pods.list().map(({ spec }) => spec?.nodeName)).toEqual(['ready', 'ready', 'ready']);
  pods.stop();
  await ours.stop(); // writes its last events
  const { items } = await client.list(eventKind);
  const ourPods = items.map(({ involvedObject }) => involvedObject.name);
  expect(new Set(ourPods)).toEqual(new Set(['default']));
});
