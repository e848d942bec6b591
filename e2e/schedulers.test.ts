import { join } from 'node:path';
import { leaseKind } from '@wheelhouse/shared/kinds/coordination/lease';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiAccess, openApi } from './support/api';
import { type ApiProcess, type ServerProcess, startApi, startServerProcess } from './support/api-process';
import { eventually } from './support/wheelhouse';

/** The scheduler as a process of its own, beside an API in another one; and two of them, of which one decides. */
describe('schedulers beside the API', () => {
  let server: ApiProcess;
  let api: ApiAccess;
  const schedulers: ServerProcess[] = [];

  beforeAll(async () => {
    server = await startApi('--components', 'api');
    api = await openApi(server.dataDir);
    const created = await api.client.create(nodeKind, { metadata: { name: 'far-away' } });
    const room = { cpu: '64', memory: '64Gi', pods: '110' };
    const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'it is there' };
    const { metadata } = await api.client.update(
      nodeKind,
      { ...created, status: { capacity: room, allocatable: room, conditions: [ready] } },
      { subresource: 'status' },
    );
    // New nodes take no pods until the node lifecycle controller, which does not run here, lets them.
    await api.client.patch(
      nodeKind,
      { name: metadata.name },
      { type: 'merge', body: { spec: { taints: null } } },
    );
  });
  afterAll(async () => {
    for (const scheduler of schedulers) await scheduler.stop();
    await api?.close();
    await server?.stop();
  });

  const startScheduler = async () => {
    const kubeconfig = join(server.dataDir, 'kubeconfig');
    const scheduler = await startServerProcess('--components', 'scheduler', '--kubeconfig', kubeconfig);
    schedulers.push(scheduler);
    return scheduler;
  };
  const addPod = (name: string) =>
    api.client.create(podKind, {
      metadata: { namespace: 'default', name },
      spec: { containers: [{ name: 'main', image: 'any' }] },
    });
  const nodeOf = (name: string, seconds?: number) =>
    eventually(
      `${name} on a node`,
      async () => (await api.client.get(podKind, { namespace: 'default', name })).spec?.nodeName,
      seconds,
    );
  const holder = async () => {
    const ref = { namespace: 'kube-system', name: 'kube-scheduler' };
    return (await api.client.get(leaseKind, ref)).spec?.holderIdentity ?? '';
  };

  it('binds pods through the API', async () => {
    await addPod('one');
    expect(
      (await api.client.get(podKind, { namespace: 'default', name: 'one' })).spec?.nodeName,
    ).toBeUndefined();
    await startScheduler();
    expect(await nodeOf('one')).toBe('far-away');
  });

  it('lets one of two decide, and the other one take over when that is killed', async () => {
    const first = await holder();
    const second = await startScheduler();
    await addPod('two');
    expect(await nodeOf('two')).toBe('far-away');
    expect(await holder()).toBe(first);
    await schedulers[0]?.kill();
    await addPod('three');
    // The lease of one that vanished has to lapse first.
    expect(await nodeOf('three', 90)).toBe('far-away');
    expect(await holder()).not.toBe(first);
    await second.stop();
    expect(await holder()).toBe('');
  });
});
