import type { Pod, ResourceQuotaSpec } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { conformance as named, type Stage } from '../support/suite';

const conformance = (name: string, test: (stage: Stage) => Promise<void>) =>
  named(`[sig-api-machinery] ResourceQuota should ${name} [Conformance]`, test);

type Amounts = Record<string, string>;

async function quota(
  { space }: Stage,
  name: string,
  hard: Amounts,
  more: ResourceQuotaSpec = {},
): Promise<void> {
  await space.create('resourcequotas', { metadata: { name }, spec: { hard, ...more } });
  await space.until('resourcequotas', name, ({ status }) => status?.hard !== undefined);
}

/** Waits until a quota counts so much as used. */
const used = ({ space }: Stage, amounts: Amounts, name = 'q') =>
  space.until('resourcequotas', name, ({ status }) =>
    Object.entries(amounts).every(([resource, amount]) => status?.used?.[resource] === amount),
  );

/** A pod that asks for resources; it need not run. */
function asking({ pods }: Stage, name: string, requests: Amounts, more: Partial<Pod['spec']> = {}): Pod {
  return pods.idle(name, { container: { resources: { requests, limits: requests } }, spec: more });
}

export function quotas(): void {
  conformance('create a ResourceQuota and ensure its status is promptly calculated.', async (stage) => {
    await quota(stage, 'q', { pods: '5', services: '2' });
    const { status } = await used(stage, { pods: '0', services: '0' });
    expect(status?.hard).toEqual({ pods: '5', services: '2' });
  });

  conformance('be able to update and delete ResourceQuota.', async (stage) => {
    const { space } = stage;
    await quota(stage, 'q', { cpu: '1', memory: '500Mi' });
    expect((await space.get('resourcequotas', 'q')).spec?.hard).toEqual({ cpu: '1', memory: '500Mi' });
    await space.change('resourcequotas', 'q', ({ spec }) => {
      if (spec) spec.hard = { cpu: '2', memory: '1Gi' };
    });
    await space.until('resourcequotas', 'q', ({ status }) => status?.hard?.cpu === '2');
    await space.remove('resourcequotas', 'q');
    await space.untilGone('resourcequotas', 'q');
  });

  lives();
  scopes();
}

/** What is made is charged, what is deleted given back, what is too much refused. */
function lives(): void {
  conformance('create a ResourceQuota and capture the life of a configMap.', async (stage) => {
    const { space } = stage;
    await quota(stage, 'q', { 'count/configmaps': '20' });
    const before = (await used(stage, {})).status?.used?.['count/configmaps'] ?? '0';
    await space.create('configmaps', { metadata: { name: 'x' } });
    await used(stage, { 'count/configmaps': String(Number(before) + 1) });
    await space.remove('configmaps', 'x');
    await used(stage, { 'count/configmaps': before });
  });

  conformance('create a ResourceQuota and capture the life of a secret.', async (stage) => {
    const { space } = stage;
    await quota(stage, 'q', { secrets: '20' });
    const before = (await used(stage, {})).status?.used?.secrets ?? '0';
    await space.create('secrets', { metadata: { name: 'x' } });
    await used(stage, { secrets: String(Number(before) + 1) });
    await space.remove('secrets', 'x');
    await used(stage, { secrets: before });
  });

  conformance('create a ResourceQuota and capture the life of a service.', async (stage) => {
    const { space } = stage;
    await quota(stage, 'q', { services: '3', 'services.nodeports': '1', 'services.loadbalancers': '1' });
    const ports = [{ port: 80 }];
    await space.create('services', { metadata: { name: 'plain' }, spec: { ports } });
    await space.create('services', { metadata: { name: 'node' }, spec: { type: 'NodePort', ports } });
    await used(stage, { services: '2', 'services.nodeports': '1', 'services.loadbalancers': '0' });
    const balancer = { metadata: { name: 'balancer' }, spec: { type: 'LoadBalancer', ports } };
    await expect(space.create('services', balancer)).rejects.toThrow('exceeded quota');
    for (const name of ['plain', 'node']) await space.remove('services', name);
    await used(stage, { services: '0', 'services.nodeports': '0' });
  });

  conformance('create a ResourceQuota and capture the life of a pod.', async (stage) => {
    const { space } = stage;
    const extended = 'example.com/dongle';
    await quota(stage, 'q', { pods: '5', cpu: '1', memory: '500Mi', [`requests.${extended}`]: '3' });
    const requests = { cpu: '500m', memory: '252Mi', [extended]: '2' };
    await space.create('pods', asking(stage, 'x', requests));
    await used(stage, { pods: '1', cpu: '500m', memory: '252Mi', [`requests.${extended}`]: '2' });
    await expect(
      space.create('pods', asking(stage, 'much', { cpu: '600m', memory: '100Mi' })),
    ).rejects.toThrow('exceeded quota');
    await expect(
      space.create('pods', asking(stage, 'rare', { cpu: '100m', memory: '100Mi', [extended]: '2' })),
    ).rejects.toThrow('exceeded quota');
    await space.patch('pods', 'x', { metadata: { labels: { still: 'charged' } } });
    await used(stage, { pods: '1', cpu: '500m' });
    await space.remove('pods', 'x', { gracePeriodSeconds: 0 });
    await used(stage, { pods: '0', cpu: '0', memory: '0', [`requests.${extended}`]: '0' });
  });

  conformance('create a ResourceQuota and capture the life of a replica set.', async (stage) => {
    const { space, pods } = stage;
    await quota(stage, 'q', { 'count/replicasets.apps': '2' });
    const template = { metadata: { labels: { app: 'x' } }, spec: pods.idle('').spec };
    const spec = { replicas: 0, selector: { matchLabels: { app: 'x' } }, template };
    await space.create('replicasets', { metadata: { name: 'x' }, spec });
    await used(stage, { 'count/replicasets.apps': '1' });
    await space.remove('replicasets', 'x');
    await used(stage, { 'count/replicasets.apps': '0' });
  });

  conformance('create a ResourceQuota and capture the life of a replication controller.', async (stage) => {
    const { space, pods } = stage;
    await quota(stage, 'q', { replicationcontrollers: '2' });
    const template = { metadata: { labels: { app: 'x' } }, spec: pods.idle('').spec };
    await space.create('replicationcontrollers', {
      metadata: { name: 'x' },
      spec: { replicas: 0, template },
    });
    await used(stage, { replicationcontrollers: '1' });
    await space.remove('replicationcontrollers', 'x');
    await used(stage, { replicationcontrollers: '0' });
  });
}

function scopes(): void {
  conformance('verify ResourceQuota with best effort scope.', async (stage) => {
    const { space, pods } = stage;
    await quota(stage, 'best', { pods: '5' }, { scopes: ['BestEffort'] });
    await quota(stage, 'better', { pods: '5' }, { scopes: ['NotBestEffort'] });
    await space.create('pods', pods.idle('modest'));
    await used(stage, { pods: '1' }, 'best');
    await used(stage, { pods: '0' }, 'better');
    await space.remove('pods', 'modest', { gracePeriodSeconds: 0 });
    await used(stage, { pods: '0' }, 'best');
    await space.create('pods', asking(stage, 'demanding', { cpu: '10m', memory: '20Mi' }));
    await used(stage, { pods: '1' }, 'better');
    await used(stage, { pods: '0' }, 'best');
    await space.remove('pods', 'demanding', { gracePeriodSeconds: 0 });
    await used(stage, { pods: '0' }, 'better');
  });

  conformance('verify ResourceQuota with terminating scopes.', async (stage) => {
    const { space } = stage;
    const hard = { pods: '5', 'requests.cpu': '1' };
    await quota(stage, 'ending', hard, { scopes: ['Terminating'] });
    await quota(stage, 'lasting', hard, { scopes: ['NotTerminating'] });
    const amounts = { cpu: '100m', memory: '20Mi' };
    await space.create('pods', asking(stage, 'lasting', amounts));
    await used(stage, { pods: '1', 'requests.cpu': '100m' }, 'lasting');
    await used(stage, { pods: '0' }, 'ending');
    await space.remove('pods', 'lasting', { gracePeriodSeconds: 0 });
    await used(stage, { pods: '0', 'requests.cpu': '0' }, 'lasting');
    await space.create('pods', asking(stage, 'ending', amounts, { activeDeadlineSeconds: 3600 }));
    await used(stage, { pods: '1', 'requests.cpu': '100m' }, 'ending');
    await used(stage, { pods: '0' }, 'lasting');
    await space.remove('pods', 'ending', { gracePeriodSeconds: 0 });
    await used(stage, { pods: '0' }, 'ending');
  });
}
