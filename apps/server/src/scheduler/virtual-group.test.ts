import { createInformer } from '@wheelhouse/shared/client/create-informer';
import { daemonSetKind } from '@wheelhouse/shared/kinds/apps/daemon-set';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { statefulSetKind } from '@wheelhouse/shared/kinds/apps/stateful-set';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { apiVersionOf } from '@wheelhouse/shared/meta/kind';
import type { PlacementPreview } from '@wheelhouse/shared/scheduling/placement-preview';
import type { SchedulingExplanation } from '@wheelhouse/shared/scheduling/scheduling-explanation';
import pino from 'pino';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtInRbac } from '../auth/built-in-roles';
import { createRbacAuthorizer } from '../auth/rbac-authorizer';
import { startTestApiServer, type TestApiServer } from '../http/testing/test-api-server';
import { type Scheduler, startScheduler } from './start-scheduler';
import { testNode } from './testing/objects';
import { schedulingExplanation, schedulingGroup } from './virtual-group';

let server: TestApiServer;
let scheduler: Scheduler;
let agent: Agent;

const container = {
  name: 'main',
  image: 'sample',
  resources: { requests: { cpu: '500m', memory: '1Gi' } },
};
const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [container] } };

beforeAll(async () => {
  // With the scheduler's own rights, which are no more than Kubernetes gives its.
  server = await startTestApiServer({ authorizer: createRbacAuthorizer(builtInRbac) });
  agent = new Agent({ connect: { ca: server.ca } });
  const { client, api } = server;
  for (const name of ['a', 'b', 'c']) {
    const { metadata, status } = testNode({ name, cpu: '4', memory: '2Gi' });
    const created = await client.create(nodeKind, { metadata: { ...metadata, uid: '' } });
    await client.update(nodeKind, { ...created, status: status ?? {} }, { subresource: 'status' });
  }
  const own = api.clientFor({ name: 'system:kube-scheduler', groups: ['system:authenticated'] });
  scheduler = await startScheduler({ client: own, log: pino({ level: 'silent' }) });
  api.addVirtualGroup(schedulingGroup(scheduler, client));
  api.addSubresource(schedulingExplanation(scheduler, own));

  // A deployment with one replica set and two pods, as its controller would make them.
  const meta = (name: string) => ({ name, namespace: 'default', labels });
  const selector = { matchLabels: labels };
  const deployment = await client.create(deploymentKind, {
    metadata: meta('web'),
    spec: { replicas: 2, selector, template },
  });
  const owner = (kind: 'Deployment' | 'ReplicaSet', name: string, uid: string) => [
    { apiVersion: 'apps/v1', kind, name, uid, controller: true },
  ];
  const set = await client.create(replicaSetKind, {
    metadata: {
      ...meta('web-1'),
      annotations: { 'deployment.kubernetes.io/revision': '1' },
      ownerReferences: owner('Deployment', 'web', deployment.metadata.uid),
    },
    spec: { replicas: 2, selector, template },
  });
  const seen = createInformer(client, podKind);
  seen.start();
  await seen.synced();
  const bothPlaced = new Promise<void>((resolve) => {
    seen.subscribe({
      updated: () => {
        if (seen.list().filter(({ spec }) => spec?.nodeName).length === 2) resolve();
      },
    });
  });
  for (const name of ['web-1-a', 'web-1-b']) {
    await client.create(podKind, {
      metadata: { ...meta(name), ownerReferences: owner('ReplicaSet', 'web-1', set.metadata.uid) },
      spec: template.spec,
    });
  }
  await bothPlaced;
  seen.stop();
});

afterAll(async () => {
  await scheduler.stop();
  await agent.close();
  await server.stop();
});

async function request(path: string, body?: unknown): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${server.baseUrl}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    dispatcher: agent,
  });
  return { status: response.status, answer: await response.json() };
}

const previews = '/apis/scheduling.wheelhouse.dev/v1/namespaces/default/placementpreviews';
const preview = (spec: unknown) =>
  request(previews, { apiVersion: 'scheduling.wheelhouse.dev/v1', kind: 'PlacementPreview', spec });
const web = { group: 'apps', kind: 'Deployment', name: 'web' };
const drain = (node: string) =>
  request('/apis/scheduling.wheelhouse.dev/v1/placementpreviews', {
    apiVersion: 'scheduling.wheelhouse.dev/v1',
    kind: 'PlacementPreview',
    spec: { drain: { node } },
  });

describe('POST placementpreviews', () => {
  test('says where new pods go and how many fit, and stores nothing', async () => {
    const { status, answer } = await preview({ workload: web, replicas: 8 });
    expect(status).toBe(201);
    const result = (answer as PlacementPreview).status;
    expect(result).toMatchObject({
      currentReplicas: 2,
      removals: [],
      unplaced: 2,
      maximum: { replicas: 6, exact: true, reason: 'memory is the limit on every node' },
    });
    expect(result?.placements.map(({ ordinal }) => ordinal)).toEqual([2, 3, 4, 5]);
    expect(result?.placements[0]?.node).toBe('c');
    expect(result?.perNode.map(({ preview: count }) => count)).toEqual([2, 2, 2]);
    expect((await server.client.list(podKind)).items).toHaveLength(2);
  });

  test('says which pods go', async () => {
    const { answer } = await preview({ workload: web, replicas: 1 });
    expect((answer as PlacementPreview).status?.removals).toHaveLength(1);
  });

  test('also for workloads without pods', async () => {
    const { client } = server;
    const metadata = (name: string) => ({ name, namespace: 'default' });
    const spec = { serviceName: 'db', selector: { matchLabels: labels }, template };
    await client.create(deploymentKind, { metadata: metadata('fresh'), spec });
    await client.create(statefulSetKind, { metadata: metadata('db'), spec });
    await client.create(daemonSetKind, { metadata: metadata('agent'), spec });
    const ask = async (kind: string, name: string, replicas?: number) => {
      const { answer } = await preview({ workload: { group: 'apps', kind, name }, replicas });
      return (answer as PlacementPreview).status;
    };
    const four = { currentReplicas: 0, unplaced: 0, maximum: { replicas: 4 } };
    expect(await ask('Deployment', 'fresh', 3)).toMatchObject(four);
    expect(await ask('StatefulSet', 'db', 3)).toMatchObject(four);
    expect((await ask('DaemonSet', 'agent'))?.placements.map(({ node }) => node)).toEqual(['a', 'b', 'c']);
  });

  test('says where the pods of a drained node go, and leaves it in use', async () => {
    const [first] = (await server.client.list(podKind)).items;
    const node = first?.spec?.nodeName ?? '';
    const { status, answer } = await drain(node);
    expect(status).toBe(201);
    const result = (answer as PlacementPreview).status;
    expect(result).toMatchObject({
      currentReplicas: 1,
      unplaced: 0,
      drain: { node, stays: [], blockedBy: [] },
    });
    expect(result?.drain?.moves).toHaveLength(1);
    expect(result?.drain?.moves[0]?.node).not.toBe(node);
    expect((await server.client.get(nodeKind, { name: node })).spec?.unschedulable).toBeUndefined();
    expect((await drain('none')).status).toBe(404);
  });

  test('also for a template that is not there yet', async () => {
    const { answer } = await preview({ template, replicas: 3 });
    expect((answer as PlacementPreview).status).toMatchObject({
      currentReplicas: 0,
      unplaced: 0,
      maximum: { replicas: 4 },
    });
  });

  test.each([
    [
      'an unknown workload',
      { workload: { ...web, name: 'none' }, replicas: 1 },
      404,
      'deployments.apps "none" not found',
    ],
    ['a kind without replicas', { workload: { ...web, kind: 'Service' }, replicas: 1 }, 400, 'spec.workload'],
    ['no count', { workload: web }, 400, 'spec.replicas'],
    ['a drain in a namespace', { drain: { node: 'a' } }, 400, 'spec.drain'],
    ['a count that is none', { workload: web, replicas: -1 }, 400, 'spec.replicas'],
    ['too many', { workload: web, replicas: 1e9 }, 400, 'spec.replicas'],
    ['nothing to place', { replicas: 1 }, 400, 'one of workload and template'],
    [
      'a template with a fault',
      {
        template: {
          spec: { containers: [{ name: 'x', image: 'x', ports: [{ containerPort: 0 }] }] },
        },
        replicas: 1,
      },
      422,
      'containerPort',
    ],
    [
      'a template of the wrong shape',
      { template: { metadata: { labels: 7 }, spec: { containers: [] } }, replicas: 1 },
      400,
      '',
    ],
    [
      'another scheduler',
      { template: { spec: { ...template.spec, schedulerName: 'mine' } }, replicas: 1 },
      400,
      'mine',
    ],
  ])('refuses %s', async (_what, spec, code, text) => {
    const { status, answer } = await preview(spec);
    expect(answer).toMatchObject({ kind: 'Status', message: expect.stringContaining(text) });
    expect(status).toBe(code);
  });

  test('is found by discovery', async () => {
    const { answer } = await request('/apis/scheduling.wheelhouse.dev/v1');
    expect(answer).toMatchObject({
      resources: [
        { name: 'placementpreviews', namespaced: true, kind: 'PlacementPreview', verbs: ['create'] },
        {
          name: 'pods/schedulingexplanation',
          namespaced: true,
          kind: 'SchedulingExplanation',
          verbs: ['get'],
        },
      ],
    });
  });
});

describe('GET pods/NAME/schedulingexplanation', () => {
  test.each(['/api/v1', '/apis/scheduling.wheelhouse.dev/v1'])(
    'explains a placed pod, at %s',
    async (base) => {
      const { status, answer } = await request(
        `${base}/namespaces/default/pods/web-1-a/schedulingexplanation`,
      );
      expect(status).toBe(200);
      const explanation = answer as SchedulingExplanation;
      expect(explanation).toMatchObject({
        apiVersion: apiVersionOf({ group: 'scheduling.wheelhouse.dev', version: 'v1' }),
        kind: 'SchedulingExplanation',
        metadata: { name: 'web-1-a', namespace: 'default' },
        status: { state: 'Placed', basis: 'decision' },
      });
    },
  );

  test('knows no explanation of a pod that is not there', async () => {
    const { status } = await request('/api/v1/namespaces/default/pods/none/schedulingexplanation');
    expect(status).toBe(404);
  });
});
