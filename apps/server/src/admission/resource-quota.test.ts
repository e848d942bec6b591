import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { resourceQuotaKind } from '@wheelhouse/shared/kinds/core/resource-quota';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import fc from 'fast-check';
import type { Pod, ResourceQuotaSpec } from 'kubernetes-types/core/v1';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Component } from '../component';
import { startControllers } from '../controllers/start-controllers';
import { when } from '../controllers/testing/when';
import { startTestApiServer, type TestApiServer } from '../http/testing/test-api-server';
import { createDefaultPlugins } from './default-plugins';

let server: TestApiServer;
let controllers: Component;
let count = 0;

beforeAll(async () => {
  const admission = createDefaultPlugins({ disabled: ['ServiceAccount'] });
  server = await startTestApiServer({ admission });
  controllers = await startControllers({
    client: server.client,
    log: pino({ level: 'silent' }),
    enabled: ['resourcequota'],
  });
});
afterAll(async () => {
  await controllers?.stop();
  await server?.stop();
});

/** A namespace of its own with a quota that has been counted. */
async function namespaceWith(spec: ResourceQuotaSpec): Promise<string> {
  const namespace = `quota-${++count}`;
  await server.client.create(namespaceKind, { metadata: { name: namespace } });
  await server.client.create(resourceQuotaKind, { metadata: { name: 'q', namespace }, spec });
  await whenUsed(namespace, (used) => used !== undefined);
  return namespace;
}

const whenUsed = (namespace: string, holds: (used: Record<string, string> | undefined) => boolean) =>
  when(server.client, resourceQuotaKind, (quotas) =>
    quotas.some(({ metadata, status }) => metadata.namespace === namespace && holds(status?.used)),
  );

const used = async (namespace: string) =>
  (await server.client.get(resourceQuotaKind, { namespace, name: 'q' })).status?.used;

const pod = (namespace: string, name: string, cpu?: string): Pod => ({
  metadata: { name, namespace },
  spec: {
    containers: [{ name: 'c', image: 'i', ...(cpu ? { resources: { requests: { cpu } } } : {}) }],
  },
});

describe('quotas', () => {
  it('charge what comes in, refuse what is too much and say so as Kubernetes does', async () => {
    const namespace = await namespaceWith({ hard: { pods: '5', 'requests.cpu': '1' } });
    await server.client.create(podKind, pod(namespace, 'a', '600m'));
    expect(await used(namespace)).toEqual({ pods: '1', 'requests.cpu': '600m' });
    await expect(server.client.create(podKind, pod(namespace, 'b', '500m'))).rejects.toMatchObject({
      code: 403,
      message:
        'pods "b" is forbidden: exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1',
    });
    await expect(server.client.create(podKind, pod(namespace, 'c'))).rejects.toMatchObject({
      code: 403,
      message: 'pods "c" is forbidden: failed quota: q: must specify requests.cpu for: c',
    });
    expect(await used(namespace)).toEqual({ pods: '1', 'requests.cpu': '600m' });
  });

  it('are not touched by dry runs, and get back what was refused after all', async () => {
    const namespace = await namespaceWith({ hard: { 'count/configmaps': '2' } });
    const object = { metadata: { name: 'one', namespace } };
    await server.client.create(configMapKind, object, { dryRun: true });
    expect(await used(namespace)).toEqual({ 'count/configmaps': '0' });
    await server.client.create(configMapKind, object);
    await expect(server.client.create(configMapKind, object)).rejects.toMatchObject({ code: 409 });
    expect(await used(namespace)).toEqual({ 'count/configmaps': '1' });
  });

  it('get back what was deleted, and what pods hold that have finished', async () => {
    const namespace = await namespaceWith({ hard: { pods: '1', 'count/pods': '3' } });
    const made = await server.client.create(podKind, pod(namespace, 'a'));
    await expect(server.client.create(podKind, pod(namespace, 'b'))).rejects.toMatchObject({ code: 403 });
    await server.client.update(
      podKind,
      { ...made, status: { phase: 'Succeeded' } },
      { subresource: 'status' },
    );
    await whenUsed(namespace, (amounts) => amounts?.pods === '0');
    expect(await used(namespace)).toEqual({ pods: '0', 'count/pods': '1' });
    await server.client.create(podKind, pod(namespace, 'b'));
    await server.client.delete(podKind, { namespace, name: 'b' }, { gracePeriodSeconds: 0 });
    await whenUsed(namespace, (amounts) => amounts?.pods === '0');
  });

  it('count services by their type, also when it changes', async () => {
    const namespace = await namespaceWith({ hard: { services: '2', 'services.nodeports': '1' } });
    const service = await server.client.create(serviceKind, {
      metadata: { name: 's', namespace },
      spec: {
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'b' },
        ],
      },
    });
    const asNodePort = { ...service, spec: { ...service.spec, type: 'NodePort' as const } };
    await expect(server.client.update(serviceKind, asNodePort)).rejects.toMatchObject({
      message:
        'services "s" is forbidden: exceeded quota: q, requested: services.nodeports=2, used: services.nodeports=0, limited: services.nodeports=1',
    });
  });

  it('speak of those pods alone that are in their scopes', async () => {
    const namespace = await namespaceWith({
      hard: { pods: '0' },
      scopeSelector: {
        matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['system-node-critical'] }],
      },
    });
    await server.client.create(podKind, pod(namespace, 'a'));
    const critical = pod(namespace, 'b');
    await expect(
      server.client.create(podKind, {
        ...critical,
        spec: { containers: [], ...critical.spec, priorityClassName: 'system-node-critical' },
      }),
    ).rejects.toMatchObject({ code: 403 });
  });

  it('are never exceeded, however many ask at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 25 }),
        async (limit, sizes) => {
          const namespace = await namespaceWith({ hard: { pods: String(limit), cpu: '8' } });
          const results = await Promise.allSettled(
            sizes.map((cpu, i) => server.client.create(podKind, pod(namespace, `p${i}`, String(cpu)))),
          );
          const granted = sizes.filter((_, i) => results[i]?.status === 'fulfilled');
          const sum = granted.reduce((a, b) => a + b, 0);
          expect(granted.length).toBeLessThanOrEqual(limit);
          expect(sum).toBeLessThanOrEqual(8);
          expect(await used(namespace)).toEqual({ pods: String(granted.length), cpu: String(sum) });
          for (const result of results) {
            if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 403 });
          }
        },
      ),
      { numRuns: 8 },
    );
  });
});
