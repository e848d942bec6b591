import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpClient } from '@wheelhouse/shared/client/http-client';
import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { ManualClock } from '@wheelhouse/shared/clock';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { replicationControllerKind } from '@wheelhouse/shared/kinds/core/replication-controller';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import pino from 'pino';
import { Agent, fetch } from 'undici';
import { describe, expect, it } from 'vitest';
import { createDefaultPlugins } from '../admission/default-plugins';
import { startTestApiServer } from '../http/testing/test-api-server';
import { builtInControllers } from './built-in';
import { loadControllers } from './load-controllers';
import { isActive } from './machinery/pods';
import { selectControllers } from './select-controllers';
import { startControllers } from './start-controllers';
import { Harness } from './testing/harness';
import { when } from './testing/when';

const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
const names = (enabled: string[]) => selectControllers(builtInControllers, enabled).map(({ name }) => name);

describe('selectControllers', () => {
  it('reads the list as kube-controller-manager does', () => {
    const all = builtInControllers.map(({ name }) => name);
    expect(names(['*'])).toEqual(all);
    expect(names(['*', '-deployment'])).toEqual(all.filter((name) => name !== 'deployment'));
    expect(names(['-deployment'])).toEqual([]);
    expect(names(['replicaset', 'deployment'])).toEqual(['replicaset', 'deployment']);
    const off = { name: 'extra', onByDefault: false, setup: () => [] };
    expect(selectControllers([off], ['*'])).toEqual([]);
    expect(selectControllers([off], ['*', 'extra'])).toEqual([off]);
  });

  it('refuses a name that it does not know and lists those that it knows', () => {
    expect(() => names(['*', '-deploymant'])).toThrow(
      /no controller "deploymant"; known are: .*\bdeployment, /,
    );
    const twice = { name: 'deployment', setup: () => [] };
    expect(() => selectControllers([...builtInControllers, twice], ['*'])).toThrow(/defined twice/);
  });
});

describe('controllers from outside', () => {
  const MODULE = `
    export const labeler = {
      name: 'labeler',
      setup(context) {
        const type = { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };
        const queue = context.queue();
        const maps = context.cache(type);
        context.informer(type).subscribe({ added: (map) => queue.add(map.metadata.namespace + '/' + map.metadata.name) });
        return {
          name: 'labels', queue,
          async reconcile(key) {
            const map = maps.get(key);
            if (!map || map.metadata.labels?.seen) return;
            await context.client.patch(type, map.metadata, { type: 'merge', body: { metadata: { labels: { seen: 'yes' } } } });
          },
        };
      },
    };`;

  it('are loaded by path and run beside the built-in ones', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-controllers-'));
    try {
      const path = join(directory, 'labeler.mjs');
      await writeFile(path, MODULE);
      const extra = await loadControllers([path]);
      const harness = new Harness(['labeler'], {}, extra);
      await harness.client.create(configMapKind, { metadata: { name: 'm', namespace: 'n' } });
      await harness.start();
      expect(harness.client.all(configMapKind)[0]?.metadata.labels).toEqual({ seen: 'yes' });
      await harness.stop();
      await writeFile(join(directory, 'empty.mjs'), 'export const nothing = 1;');
      await expect(loadControllers([join(directory, 'empty.mjs')])).rejects.toThrow(/exports no controller/);
      await expect(loadControllers([join(directory, 'none.mjs')])).rejects.toThrow(
        /cannot be loaded from .*none\.mjs/,
      );
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});

describe('startControllers', { timeout: 30_000 }, () => {
  it('with leader election lets one of two processes work, and the other after it', async () => {
    const clock = new ManualClock();
    const client = new MemoryClient(clock);
    const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));
    const start = (identity: string) =>
      startControllers({ client, clock, log, enabled: ['serviceaccount'], leaderElection: { identity } });
    const first = await start('a');
    await quiet();
    const second = await start('b');
    await client.create(namespaceKind, { metadata: { name: 'n' } });
    await quiet();
    expect(client.all(serviceAccountKind)).toHaveLength(1);
    await first.stop();
    await client.create(namespaceKind, { metadata: { name: 'm' } });
    await quiet();
    expect(client.all(serviceAccountKind)).toHaveLength(1);
    clock.advance(2_000);
    await quiet();
    await quiet();
    expect(client.all(serviceAccountKind)).toHaveLength(2);
    await second.stop();
  });

  it('works the same over HTTPS as in process', async () => {
    const server = await startTestApiServer({ admission: createDefaultPlugins({ tolerationSeconds: 300 }) });
    const agent = new Agent({ connect: { ca: server.ca } });
    const client = createHttpClient({
      baseUrl: server.baseUrl,
      headers: { authorization: `Bearer ${server.token}` },
      fetch: (url, init) => fetch(url, { ...init, dispatcher: agent }),
    });
    const controllers = await startControllers({ client, log });
    try {
      await client.create(namespaceKind, { metadata: { name: 'n' } });
      await when(client, serviceAccountKind, (all) => all.some(({ metadata }) => metadata.namespace === 'n'));
      const template = {
        metadata: { labels: { app: 'rc' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      };
      await client.create(replicationControllerKind, {
        metadata: { name: 'rc', namespace: 'n' },
        spec: { replicas: 3, selector: { app: 'rc' }, template },
      });
      const [victim] = await when(client, podKind, (all) => all.length === 3);
      await when(client, replicationControllerKind, ([rc]) => rc?.status?.replicas === 3);
      await client.delete(podKind, { namespace: 'n', name: victim?.metadata.name ?? '' });
      const pods = await when(
        client,
        podKind,
        (all) =>
          all.filter(isActive).length === 3 &&
          all.every(({ metadata }) => metadata.uid !== victim?.metadata.uid),
      );
      expect(pods).toHaveLength(3);
    } finally {
      await controllers.stop();
      await agent.close();
      await server.stop();
    }
  });
});
