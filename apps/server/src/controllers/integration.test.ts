import type { Client } from '@wheelhouse/shared/client/client';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { leaseKind } from '@wheelhouse/shared/kinds/coordination/lease';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { endpointsKind } from '@wheelhouse/shared/kinds/core/endpoints';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { replicationControllerKind } from '@wheelhouse/shared/kinds/core/replication-controller';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Deployment } from 'kubernetes-types/apps/v1';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDefaultPlugins } from '../admission/default-plugins';
import { builtInRbac } from '../auth/built-in-roles';
import { createRbacAuthorizer } from '../auth/rbac-authorizer';
import type { Component } from '../component';
import { startTestApiServer, type TestApiServer } from '../http/testing/test-api-server';
import type { ControllerSettings } from './machinery/controller';
import { controllerOf } from './machinery/owners';
import { isActive } from './machinery/pods';
import { startControllers } from './start-controllers';
import { when } from './testing/when';

const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
let server: TestApiServer;
let client: Client;
let controllers: Component | undefined;

beforeEach(async () => {
  // With the real rules, so that a right that the controllers lack shows here.
  server = await startTestApiServer({
    admission: createDefaultPlugins({ tolerationSeconds: 300 }),
    authorizer: createRbacAuthorizer(builtInRbac),
  });
  client = server.client;
});

afterEach(async () => {
  await controllers?.stop();
  controllers = undefined;
  await server.stop();
});

async function start(settings: ControllerSettings = {}, enabled = ['*']): Promise<void> {
  const user = { name: 'system:kube-controller-manager', groups: ['system:authenticated'] };
  controllers = await startControllers({ client: server.api.clientFor(user), log, enabled, settings });
}

async function namespace(name: string): Promise<void> {
  await client.create(namespaceKind, { metadata: { name } });
  await when(client, serviceAccountKind, (all) => all.some(({ metadata }) => metadata.namespace === name));
}

const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'c', image: 'i', ports: [{ name: 'http', containerPort: 8080 }] }] },
});

const deployment = (name: string, replicas: number): Deployment => ({
  metadata: { name, namespace: 'n' },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name) },
});

/** What the scheduler and a kubelet would do. */
async function run(pod: Stored<Pod>, ip: string, node = 'node-1'): Promise<void> {
  if (!pod.spec?.nodeName) {
    await client.createSubresource(podKind, pod.metadata, 'binding', {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace ?? '' },
      target: { kind: 'Node', name: node },
    } as KubeObject);
  }
  await report(pod, { phase: 'Running', podIP: ip, podIPs: [{ ip }] }, true);
}

async function report(pod: Stored<Pod>, status: NonNullable<Pod['status']>, ready: boolean): Promise<void> {
  const lastTransitionTime = new Date().toISOString();
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime }];
  const body = { status: { ...status, conditions } };
  await client.patch(podKind, pod.metadata, { type: 'merge', body }, { subresource: 'status' });
}

async function createNode(name: string, ready = true): Promise<Stored<Node>> {
  const node = await client.create(nodeKind, { metadata: { name } });
  const time = new Date().toISOString();
  const conditions = [
    {
      type: 'Ready',
      status: ready ? 'True' : 'False',
      reason: 'KubeletReady',
      lastHeartbeatTime: time,
      lastTransitionTime: time,
    },
  ];
  const patch = { type: 'merge', body: { status: { conditions } } } as const;
  return client.patch(nodeKind, node.metadata, patch, { subresource: 'status' });
}

const active = (pods: Stored<Pod>[]) => pods.filter(isActive);

describe('controllers on the API server', { timeout: 30_000 }, () => {
  it('give a namespace its service account and the CA', async () => {
    await start({ rootCa: 'PEM' });
    await namespace('n');
    const maps = await when(client, configMapKind, (all) =>
      all.some(({ metadata }) => metadata.namespace === 'n'),
    );
    expect(maps.find(({ metadata }) => metadata.namespace === 'n')?.data).toEqual({ 'ca.crt': 'PEM' });
    await client.delete(serviceAccountKind, { namespace: 'n', name: 'default' });
    await when(client, serviceAccountKind, (all) => all.some(({ metadata }) => metadata.namespace === 'n'));
  });

  it('run a deployment behind a service: pods, endpoints, slices', async () => {
    await start();
    await namespace('n');
    await createNode('node-1');
    await client.create(serviceKind, {
      metadata: { name: 'web', namespace: 'n' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'main', port: 80, targetPort: 'http' }] },
    });
    await client.create(deploymentKind, deployment('web', 3));
    const pods = await when(client, podKind, (all) => active(all).length === 3);
    for (const [index, pod] of pods.entries()) await run(pod, `10.244.1.${index + 1}`);
    const [endpoints] = await when(
      client,
      endpointsKind,
      ([first]) => first?.subsets?.[0]?.addresses?.length === 3,
    );
    expect(endpoints?.subsets?.[0]?.ports).toEqual([{ name: 'main', port: 8080, protocol: 'TCP' }]);
    const [slice] = await when(client, endpointSliceKind, (all) =>
      all.some(({ endpoints }) => endpoints?.length === 3),
    );
    expect(slice?.endpoints[0]).toMatchObject({
      conditions: { ready: true, serving: true, terminating: false },
    });
    await when(client, deploymentKind, ([first]) => first?.status?.availableReplicas === 3);

    // A pod that stops being ready leaves at once.
    const [first] = pods;
    if (!first) throw new Error('no pod');
    const from = performance.now();
    await report(first, { phase: 'Running' }, false);
    await when(client, endpointsKind, ([all]) => all?.subsets?.[0]?.addresses?.length === 2);
    const elapsed = performance.now() - from;
    expect(elapsed).toBeLessThan(1_000);
  });

  it('delete a deployment with all that it owns, in the background and in the foreground', async () => {
    await start();
    await namespace('n');
    await client.create(deploymentKind, deployment('one', 2));
    await client.create(deploymentKind, deployment('two', 2));
    await when(client, podKind, (all) => all.length === 4);
    await client.delete(deploymentKind, { namespace: 'n', name: 'one' });
    await when(client, podKind, (all) => all.length === 2);
    const gone: string[] = [];
    const abort = new AbortController();
    const record = async (type: typeof podKind | typeof replicaSetKind | typeof deploymentKind) => {
      const { resourceVersion } = (await client.list<KubeObject>(type)).metadata;
      for await (const event of client.watch<KubeObject>(type, { resourceVersion, signal: abort.signal })) {
        if (event.type === 'DELETED') gone.push(type.plural);
      }
    };
    const watching = [record(podKind), record(replicaSetKind), record(deploymentKind)];
    await client.delete(deploymentKind, { namespace: 'n', name: 'two' }, { propagationPolicy: 'Foreground' });
    await when(client, deploymentKind, (all) => all.length === 0);
    await when(client, podKind, (all) => all.length === 0);
    abort.abort();
    await Promise.all(watching);
    expect(gone.indexOf('replicasets')).toBeGreaterThan(gone.lastIndexOf('pods'));
    expect(gone.at(-1)).toBe('deployments');
  });

  it('leave the dependents of an orphaning deletion alone, and let the next owner adopt them', async () => {
    await start();
    await namespace('n');
    const spec = { replicas: 2, selector: { app: 'rc' }, template: template('rc') };
    const rc = { metadata: { name: 'rc', namespace: 'n' }, spec };
    await client.create(replicationControllerKind, rc);
    const before = await when(client, podKind, (all) => all.length === 2);
    await client.delete(
      replicationControllerKind,
      { namespace: 'n', name: 'rc' },
      { propagationPolicy: 'Orphan' },
    );
    await when(client, replicationControllerKind, (all) => all.length === 0);
    const orphans = await when(client, podKind, (all) => all.every((pod) => !controllerOf(pod)));
    const names = (pods: Stored<Pod>[]) => pods.map(({ metadata }) => metadata.name).sort();
    expect(names(orphans)).toEqual(names(before));
    const next = await client.create(replicationControllerKind, {
      ...rc,
      metadata: { name: 'rc2', namespace: 'n' },
    });
    const adopted = await when(client, podKind, (all) =>
      all.every((pod) => controllerOf(pod)?.uid === next.metadata.uid),
    );
    expect(names(adopted)).toEqual(names(before));
  });

  it('delete an object whose only owner never existed, and keep one that has another owner', async () => {
    await start();
    await namespace('n');
    const alive = await client.create(configMapKind, { metadata: { name: 'owner', namespace: 'n' } });
    const absent = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'gone',
      uid: '00000000-0000-0000-0000-000000000000',
    };
    const present = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: alive.metadata.uid };
    const map = (name: string, ownerReferences: object[]) =>
      client.create(configMapKind, {
        metadata: { name, namespace: 'n', ownerReferences: ownerReferences as never },
      });
    await map('one', [absent]);
    await map('both', [absent, present]);
    await when(client, configMapKind, (all) => {
      const both = all.find(({ metadata }) => metadata.name === 'both');
      return (
        !all.some(({ metadata }) => metadata.name === 'one') && both?.metadata.ownerReferences?.length === 1
      );
    });
  });

  it('empty a namespace and let it go, telling meanwhile what holds it', async () => {
    await start();
    await namespace('n');
    await client.create(deploymentKind, deployment('web', 2));
    await when(client, podKind, (all) => all.length === 2);
    await client.create(configMapKind, {
      metadata: { name: 'held', namespace: 'n', finalizers: ['example.com/hold'] },
    });
    await client.delete(namespaceKind, { name: 'n' });
    const holds = (all: Stored<KubeObject>[]) =>
      all.some((object) => JSON.stringify(object).includes('example.com/hold in 1 resource instances'));
    await when(client, namespaceKind, holds);
    await when(client, podKind, (all) => all.length === 0);
    await client.patch(
      configMapKind,
      { namespace: 'n', name: 'held' },
      { type: 'merge', body: { metadata: { finalizers: null } } },
    );
    await when(client, namespaceKind, (all) => !all.some(({ metadata }) => metadata.name === 'n'));
  });

  it('give each node a pod range of its own, also after a restart', async () => {
    await start({ clusterCidr: '10.244.0.0/16' });
    await Promise.all(['a', 'b', 'c'].map((name) => createNode(name)));
    const ranges = (nodes: Stored<Node>[]) => nodes.flatMap(({ spec }) => spec?.podCIDR ?? []);
    await when(client, nodeKind, (all) => ranges(all).length === 3);
    await controllers?.stop();
    await client.delete(nodeKind, { name: 'b' });
    await start({ clusterCidr: '10.244.0.0/16' });
    await createNode('d');
    const nodes = await when(client, nodeKind, (all) => ranges(all).length === 3);
    expect(new Set(ranges(nodes)).size).toBe(3);
    expect(ranges(nodes).sort()).toEqual(['10.244.0.0/24', '10.244.1.0/24', '10.244.2.0/24']);
  });

  it('take a silent node out of service and move its pods', async () => {
    await start({ nodeMonitorGraceSeconds: 1 });
    await namespace('n');
    await createNode('alive');
    await createNode('dead');
    const beating = new Set(['alive', 'dead']);
    const beat = (name: string) => {
      const lease = {
        metadata: { name, namespace: 'kube-node-lease' },
        spec: { holderIdentity: name, renewTime: new Date().toISOString().replace('Z', '000Z') },
      };
      const exists = client.get(leaseKind, lease.metadata).then(
        (current) =>
          client.update(leaseKind, {
            ...lease,
            metadata: { ...lease.metadata, resourceVersion: current.metadata.resourceVersion },
          }),
        () => client.create(leaseKind, lease),
      );
      exists.catch((error: unknown) => log.error(error));
    };
    const heartbeat = setInterval(() => beating.forEach(beat), 100);
    try {
      await client.create(namespaceKind, { metadata: { name: 'kube-node-lease' } }).catch(() => undefined);
      const rc = { replicas: 1, selector: { app: 'rc' }, template: template('rc') };
      const tolerations = [
        {
          key: 'node.kubernetes.io/unreachable',
          operator: 'Exists' as const,
          effect: 'NoExecute' as const,
          tolerationSeconds: 1,
        },
      ];
      const spec = { ...rc, template: { ...rc.template, spec: { ...rc.template.spec, tolerations } } };
      await client.create(replicationControllerKind, { metadata: { name: 'rc', namespace: 'n' }, spec });
      await client.create(serviceKind, {
        metadata: { name: 'rc', namespace: 'n' },
        spec: { selector: { app: 'rc' }, ports: [{ port: 80 }] },
      });
      const [pod] = await when(client, podKind, (all) => all.length === 1);
      if (!pod) throw new Error('no pod');
      await run(pod, '10.244.1.1', 'dead');
      await when(client, endpointsKind, ([all]) => all?.subsets?.[0]?.addresses?.length === 1);
      beating.delete('dead');
      await when(client, endpointsKind, ([all]) => all?.subsets?.[0]?.notReadyAddresses?.length === 1);
      const [dead] = (await client.list(nodeKind)).items.filter(({ metadata }) => metadata.name === 'dead');
      expect(dead?.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
      });
      await when(client, podKind, (all) => all.length === 2 && active(all).length === 1);
      const tainted = await when(client, nodeKind, (all) =>
        all.some(({ spec }) => spec?.taints?.length === 2),
      );
      expect(tainted.find(({ metadata }) => metadata.name === 'dead')?.spec?.taints).toMatchObject([
        { key: 'node.kubernetes.io/unreachable', effect: 'NoSchedule' },
        { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' },
      ]);
      // Without the node nobody would ever end the pod.
      await client.delete(nodeKind, { name: 'dead' });
      await when(client, podKind, (all) => all.length === 1);
      await when(client, nodeKind, (all) => all.every(({ spec }) => spec?.taints === undefined));
    } finally {
      clearInterval(heartbeat);
    }
  });
});
