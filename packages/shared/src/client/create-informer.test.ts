import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../clock';
import { serviceUnavailable } from '../errors';
import { type ConfigMap, configMapKind } from '../kinds/core/config-map';
import { keyOf } from '../meta/object';
import { createInformer } from './create-informer';
import type { Informer } from './informer';
import { MemoryClient } from './testing/memory-client';

/** Lets everything run that does not wait for the clock. */
async function settle(): Promise<void> {
  for (let i = 0; i < 60; i += 1) await Promise.resolve();
}

const map = (name: string, value: string): ConfigMap => ({
  metadata: { name, namespace: 'n' },
  data: { value },
});

async function put(client: MemoryClient, name: string, value: string): Promise<void> {
  const exists = client.all(configMapKind).some(({ metadata }) => metadata.name === name);
  if (exists) await client.update(configMapKind, map(name, value));
  else await client.create(configMapKind, map(name, value));
}

/** A copy kept from what handlers are told, which checks that each change is told once and in order. */
function mirror(informer: Informer<ConfigMap>) {
  const copy = new Map<string, string>();
  informer.subscribe({
    added(object) {
      expect(copy.has(keyOf(object))).toBe(false);
      copy.set(keyOf(object), object.metadata.resourceVersion);
    },
    updated(object, previous) {
      expect(copy.get(keyOf(object))).toBe(previous.metadata.resourceVersion);
      copy.set(keyOf(object), object.metadata.resourceVersion);
    },
    deleted(object) {
      expect(copy.delete(keyOf(object))).toBe(true);
    },
  });
  return copy;
}

function start(client: MemoryClient, clock = new ManualClock()) {
  const errors: unknown[] = [];
  const informer = createInformer(client, configMapKind, {
    clock,
    random: () => 0.5,
    onError: (error) => errors.push(error),
    indexes: { value: (object) => [object.data?.value ?? ''] },
  });
  return { informer, errors, clock };
}

describe('createInformer', () => {
  it('lists, then follows every change, and keeps its indexes', async () => {
    const client = new MemoryClient();
    await put(client, 'a', 'x');
    const { informer } = start(client);
    const copy = mirror(informer);
    informer.start();
    await informer.synced();
    expect(copy.size).toBe(1);
    await put(client, 'b', 'x');
    await put(client, 'a', 'y');
    await settle();
    expect(informer.byIndex('value', 'x').map(keyOf)).toEqual(['n/b']);
    expect(informer.byIndex('value', 'y').map(keyOf)).toEqual(['n/a']);
    expect(() => informer.byIndex('none', 'x')).toThrow(/no index/);
    await client.delete(configMapKind, { namespace: 'n', name: 'a' });
    await settle();
    expect(informer.byIndex('value', 'y')).toEqual([]);
    expect([...copy.keys()]).toEqual(['n/b']);
    informer.stop();
  });

  it('resumes after a broken watch from the last revision, without another list', async () => {
    const client = new MemoryClient();
    const { informer, clock, errors } = start(client);
    const copy = mirror(informer);
    informer.start();
    await informer.synced();
    client.before = ({ verb }) => {
      if (verb === 'watch') throw serviceUnavailable('no way');
    };
    client.endWatches();
    await settle();
    await put(client, 'a', '1');
    clock.advance(100);
    await settle();
    expect(copy.size).toBe(0);
    expect(errors.length).toBeGreaterThan(0);
    client.before = undefined;
    clock.advance(10_000);
    await settle();
    expect(copy.size).toBe(1);
    expect(client.calls.filter(({ verb }) => verb === 'list')).toHaveLength(1);
    informer.stop();
  });

  it('lists again when the revision has expired and tells the differences only', async () => {
    const client = new MemoryClient();
    await put(client, 'same', '1');
    await put(client, 'gone', '1');
    await put(client, 'replaced', '1');
    const { informer, clock } = start(client);
    const seen: string[] = [];
    informer.start();
    await informer.synced();
    informer.subscribe({
      added: ({ metadata }) => seen.push(`added ${metadata.name}`),
      updated: ({ metadata }) => seen.push(`updated ${metadata.name}`),
      deleted: ({ metadata }) => seen.push(`deleted ${metadata.name}`),
    });
    seen.length = 0;
    client.hideChanges(configMapKind);
    await client.delete(configMapKind, { namespace: 'n', name: 'gone' });
    await client.delete(configMapKind, { namespace: 'n', name: 'replaced' });
    await put(client, 'replaced', '2');
    client.expireWatches();
    client.showChanges();
    await settle();
    clock.advance(10_000);
    await settle();
    expect(seen).toEqual(['deleted gone', 'deleted replaced', 'added replaced']);
    informer.stop();
  });

  it('reports what a handler throws and serves the other handlers all the same', async () => {
    const client = new MemoryClient();
    const { informer, errors } = start(client);
    informer.subscribe({
      added() {
        throw new Error('broken handler');
      },
    });
    const copy = mirror(informer);
    informer.start();
    await put(client, 'a', '1');
    await settle();
    expect(copy.size).toBe(1);
    expect(errors).toEqual([new Error('broken handler')]);
    informer.stop();
  });

  it('waits for a server that is not there yet', async () => {
    const client = new MemoryClient();
    client.before = () => {
      throw serviceUnavailable('starting');
    };
    const { informer, clock } = start(client);
    informer.start();
    await settle();
    expect(informer.hasSynced).toBe(false);
    client.before = undefined;
    clock.advance(100);
    await informer.synced();
    informer.stop();
    await settle();
    expect(clock.pending).toBe(0);
  });

  it('refuses to wait for a sync that cannot come', async () => {
    const { informer } = start(new MemoryClient());
    const waiting = informer.synced();
    informer.stop();
    await expect(waiting).rejects.toThrow(/stopped/);
  });

  it('converges to the stored state under any order of changes, outages and expiries', async () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.tuple(fc.constant('put'), fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2')),
      },
      { weight: 3, arbitrary: fc.tuple(fc.constant('delete'), fc.constantFrom('a', 'b', 'c')) },
      fc.tuple(fc.constantFrom('expire', 'end', 'hide', 'show', 'outage', 'repair', 'settle')),
      fc.tuple(fc.constant('advance'), fc.constantFrom('50', '500')),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const client = new MemoryClient();
        const { informer, clock } = start(client);
        const copy = mirror(informer);
        let outage = false;
        client.before = ({ verb }) => {
          if (outage && (verb === 'list' || verb === 'watch')) throw serviceUnavailable('outage');
        };
        informer.start();
        for (const [action, first = '', second = ''] of steps) {
          if (action === 'put') await put(client, first, second);
          if (
            action === 'delete' &&
            client.all(configMapKind).some(({ metadata }) => metadata.name === first)
          ) {
            await client.delete(configMapKind, { namespace: 'n', name: first });
          }
          if (action === 'expire') client.expireWatches();
          if (action === 'end') client.endWatches();
          if (action === 'hide') client.hideChanges(configMapKind);
          if (action === 'show') client.showChanges();
          if (action === 'outage' || action === 'repair') outage = action === 'outage';
          if (action === 'advance') clock.advance(Number(first));
          if (action === 'settle') await settle();
        }
        outage = false;
        client.showChanges();
        for (let round = 0; round < 4; round += 1) {
          await settle();
          clock.advance(20_000);
        }
        await settle();
        const stored = new Map(client.all(configMapKind).map((o) => [keyOf(o), o.metadata.resourceVersion]));
        expect(copy).toEqual(stored);
        expect(new Set(informer.list().map(keyOf))).toEqual(new Set(stored.keys()));
        const indexed = ['1', '2'].flatMap((value) => informer.byIndex('value', value));
        expect(indexed).toHaveLength(stored.size);
        informer.stop();
      }),
      { numRuns: 200 },
    );
  }, 60_000);
});
