import { once } from 'node:events';
import { createServer } from 'node:net';
import { Etcd3 } from 'etcd3';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeStore } from '../contract/store-contract';
import { bytes, WatchRecorder } from '../contract/watch-recorder';
import { CompactedError, type Revision, type Store, StoreUnavailableError } from '../store';
import { openEtcdStore } from './etcd-store';
import { CuttableProxy } from './testing/cuttable-proxy';
import { EtcdProcess } from './testing/etcd-process';

const log = pino({ level: 'silent' });

describeStore('etcd', async () => {
  const etcd = await EtcdProcess.start();
  const store = await openEtcdStore([etcd.endpoint], log);
  return {
    store,
    dispose: async () => {
      await store.close();
      await etcd.dispose();
    },
  };
});

describe('etcd store', () => {
  let etcd: EtcdProcess;
  let stores: Store[] = [];
  const openHere = async (endpoints = [etcd.endpoint]) => {
    const store = await openEtcdStore(endpoints, log);
    stores.push(store);
    return store;
  };
  beforeAll(async () => {
    etcd = await EtcdProcess.start();
  }, 30_000);
  afterEach(async () => {
    for (const store of stores) await store.close();
    stores = [];
  });
  afterAll(() => etcd.dispose());

  it('misses and repeats nothing while etcd is killed and restarted again and again', async () => {
    const store = await openHere();
    const watch = new WatchRecorder(store, { prefix: '/kill/', after: await store.currentRevision() });
    const acknowledged = new Map<Revision, string>();
    let unknown = 0;
    let stop = false;
    const writer = async (name: string) => {
      for (let i = 0; !stop; i++) {
        const key = `/kill/${name}/${i % 20}`;
        try {
          const result = await store.write({ op: 'put', key, value: bytes(`${name}-${i}`) });
          if (result.ok) acknowledged.set(result.revision, key);
          if (i % 7 === 0) {
            const removed = await store.write({ op: 'delete', key });
            if (removed.ok) acknowledged.set(removed.revision, key);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(StoreUnavailableError);
          unknown++;
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const writers = Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(writer));
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.size;
      await watch.until(() => acknowledged.size > before + 100);
      await etcd.kill();
      await etcd.restart();
    }
    const before = acknowledged.size;
    await watch.until(() => acknowledged.size > before + 100);
    stop = true;
    await writers;
    watch.watch.requestProgress();
    const newest = Math.max(...acknowledged.keys());
    await watch.until(() => watch.progress.some((revision) => revision >= newest));

    const seen = watch.events.map((event) => event.revision);
    for (let i = 1; i < seen.length; i++) expect(seen[i]).toBeGreaterThan(seen[i - 1] ?? 0);
    for (const event of watch.events) {
      const key = event.type === 'put' ? event.entry.key : event.key;
      // Writes whose outcome was not known may have happened; all others must agree.
      const known = acknowledged.get(event.revision);
      if (known !== undefined) expect(key).toBe(known);
    }
    const delivered = new Set(seen);
    expect([...acknowledged.keys()].filter((revision) => !delivered.has(revision))).toEqual([]);
    expect(unknown).toBeGreaterThan(0);
    // What a new watch reads out of history is the same again.
    const replay = new WatchRecorder(await openHere(), { prefix: '/kill/', after: (seen[0] ?? 1) - 1 });
    await replay.until(() => replay.events.length >= seen.length);
    expect(replay.events.map((event) => event.revision)).toEqual(seen);
  }, 60_000);

  it('answers a progress request that was made while etcd was away', async () => {
    const store = await openHere();
    const watch = new WatchRecorder(store, { prefix: '/idle/', after: await store.currentRevision() });
    await etcd.kill();
    watch.watch.requestProgress();
    await etcd.restart();
    await watch.until(() => watch.progress.length > 0);
    expect(watch.progress[0]).toBeLessThanOrEqual(await store.currentRevision());
  }, 30_000);

  it('shows two servers on one etcd the same order and the same numbers', async () => {
    const [one, two] = [await openHere(), await openHere()];
    const after = await one.currentRevision();
    const [first, second] = [one, two].map((store) => new WatchRecorder(store, { prefix: '/two/', after }));
    await Promise.all(
      Array.from({ length: 300 }, async (_, i) => {
        const store = i % 2 ? one : two;
        const key = `/two/${i}`;
        await store.write({ op: 'put', key, value: bytes('x'), expected: 0 });
        if (i % 3 === 0) await store.write({ op: 'delete', key });
      }),
    );
    await first?.until(() => first.events.length === 400);
    await second?.until(() => second.events.length === 400);
    expect(second?.summary()).toEqual(first?.summary());
    const revisions = first?.events.map(({ revision }) => revision);
    expect(second?.events.map(({ revision }) => revision)).toEqual(revisions);
    expect(new Set(revisions).size).toBe(400);
  }, 20_000);

  it('tells apart revisions that share an etcd revision when it compares', async () => {
    const store = await openHere();
    const results = await Promise.all(
      ['a', 'b', 'c'].map((name) => store.write({ op: 'put', key: `/compare/${name}`, value: bytes('{}') })),
    );
    const revisions = results.map((result) => (result.ok ? result.revision : 0));
    expect(revisions[2]).toBe((revisions[0] ?? 0) + 2);
    for (const wrong of [revisions[0], revisions[2], (revisions[0] ?? 0) + 127]) {
      const write = { op: 'put', key: '/compare/b', value: bytes('{}'), expected: wrong ?? 0 } as const;
      expect(await store.write(write)).toMatchObject({ ok: false });
    }
    const right = { op: 'delete', key: '/compare/b', expected: revisions[1] ?? 0 } as const;
    expect(await store.write(right)).toMatchObject({ ok: true });
  });

  it('reads past a delete and pages between writes of one commit', async () => {
    const store = await openHere();
    for (const name of ['a', 'b', 'c', 'd']) {
      await store.write({ op: 'put', key: `/between/${name}`, value: bytes(name) });
    }
    const results = await Promise.all([
      store.write({ op: 'put', key: '/between/bb', value: bytes('new') }),
      store.write({ op: 'put', key: '/between/d', value: bytes('changed') }),
      store.write({ op: 'delete', key: '/between/a' }),
      store.write({ op: 'delete', key: '/between/c' }),
    ]);
    const at = async (index: number, limit?: number) => {
      const result = results[index];
      const range = await store.range({
        prefix: '/between/',
        revision: result?.ok ? result.revision : 0,
        ...(limit ? { limit } : {}),
      });
      return { keys: range.entries.map(({ key }) => key.slice(9)), count: range.count, more: range.more };
    };
    expect(await at(0)).toEqual({ keys: ['a', 'b', 'bb', 'c', 'd'], count: 5, more: false });
    expect(await at(0, 2)).toEqual({ keys: ['a', 'b'], count: 5, more: true });
    expect(await at(2)).toEqual({ keys: ['b', 'bb', 'c', 'd'], count: 4, more: false });
    expect(await at(2, 3)).toEqual({ keys: ['b', 'bb', 'c'], count: 4, more: true });
    expect(await at(3)).toEqual({ keys: ['b', 'bb', 'd'], count: 3, more: false });
  });

  it('lists more keys than fit in one piece, at one revision', async () => {
    const store = await openHere();
    await Promise.all(
      Array.from({ length: 4500 }, (_, i) =>
        store.write({ op: 'put', key: `/many/${String(i).padStart(5, '0')}`, value: bytes(String(i)) }),
      ),
    );
    const all = await store.range({ prefix: '/many/' });
    expect(all).toMatchObject({ count: 4500, more: false });
    expect(all.entries.map(({ key }) => Number(key.slice(6)))).toEqual(
      Array.from({ length: 4500 }, (_, i) => i),
    );
    const part = await store.range({ prefix: '/many/', limit: 3000, after: '/many/00099' });
    expect(part.entries.length).toBe(3000);
    expect(part).toMatchObject({ count: 4400, more: true });
  }, 20_000);

  it('lives with keys that others wrote', async () => {
    const store = await openHere();
    const etcd3 = new Etcd3({ hosts: etcd.endpoint });
    try {
      const watch = new WatchRecorder(store, { prefix: '/foreign/', after: await store.currentRevision() });
      await etcd3.put('/foreign/a').value('{"plain":true}');
      const entry = await store.get('/foreign/a');
      expect(new TextDecoder().decode(entry?.value)).toBe('{"plain":true}');
      const own = {
        op: 'put',
        key: '/foreign/a',
        value: bytes('ours'),
        expected: entry?.modRevision ?? 0,
      } as const;
      expect(await store.write(own)).toMatchObject({ ok: true });
      await etcd3.delete().prefix('/foreign/');
      await watch.until(() => watch.events.length === 3);
      expect(watch.events[0]?.revision).toBe(entry?.modRevision);
      expect(watch.summary()).toEqual([
        'put /foreign/a {"plain":true}',
        'put /foreign/a ours',
        'delete /foreign/a',
      ]);
    } finally {
      etcd3.close();
    }
  });

  it('fails only the write whose lease is gone', async () => {
    const store = await openHere();
    const results = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) =>
        store.write({
          op: 'put',
          key: `/lease/${i}`,
          value: bytes('x'),
          ...(i === 3 ? { lease: '424242' } : {}),
        }),
      ),
    );
    expect(results.map(({ status }) => status === 'fulfilled')).toEqual([
      true,
      true,
      true,
      false,
      true,
      true,
    ]);
  });

  it('refuses a value that etcd does not take, and only that one', async () => {
    const store = await openHere();
    const results = await Promise.allSettled(
      [10, 2_000_000, 10].map((size, i) =>
        store.write({ op: 'put', key: `/large/${i}`, value: new Uint8Array(size) }),
      ),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: expect.any(RangeError) });
  });

  it('ends watches that were cut off for longer than history lasts, and begins anew', async () => {
    const proxy = await CuttableProxy.start(etcd.endpoint);
    try {
      const store = await openHere([proxy.endpoint]);
      const other = await openHere();
      const watch = new WatchRecorder(store, { prefix: '/cut/', after: await store.currentRevision() });
      await other.write({ op: 'put', key: '/cut/a', value: bytes('1') });
      await watch.until(() => watch.events.length === 1);

      proxy.cut();
      await expect(store.write({ op: 'put', key: '/cut/b', value: bytes('x') })).rejects.toBeInstanceOf(
        StoreUnavailableError,
      );
      for (let i = 2; i < 5; i++) await other.write({ op: 'put', key: '/cut/a', value: bytes(`${i}`) });
      await other.compact(await other.currentRevision());
      proxy.mend();
      await watch.until(() => watch.error !== undefined);
      expect(watch.error).toBeInstanceOf(CompactedError);
      expect(watch.summary()).toEqual(['put /cut/a 1']);

      const { revision, entries } = await store.range({ prefix: '/cut/' });
      expect(entries.map(({ key }) => key)).toEqual(['/cut/a']);
      const again = new WatchRecorder(store, { prefix: '/cut/', after: revision });
      await other.write({ op: 'delete', key: '/cut/a' });
      await again.until(() => again.events.length === 1);
      expect(again.summary()).toEqual(['delete /cut/a']);
      again.watch.requestProgress();
      await again.until(() => again.progress.length > 0);
    } finally {
      for (const store of stores.splice(0)) await store.close();
      await proxy.stop();
    }
  }, 30_000);

  it('resumes after a cut that history outlasts', async () => {
    const proxy = await CuttableProxy.start(etcd.endpoint);
    try {
      const store = await openHere([proxy.endpoint]);
      const other = await openHere();
      const watch = new WatchRecorder(store, { prefix: '/cut/', after: await store.currentRevision() });
      for (let round = 0; round < 3; round++) {
        proxy.cut();
        await Promise.all(
          Array.from({ length: 10 }, (_, i) =>
            other.write({ op: 'put', key: `/cut/${i}`, value: bytes(`${round}`) }),
          ),
        );
        proxy.mend();
        await watch.until(() => watch.events.length >= (round + 1) * 10);
      }
      const revisions = watch.events.map(({ revision }) => revision);
      expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
      expect(revisions.length).toBe(30);
    } finally {
      for (const store of stores.splice(0)) await store.close();
      await proxy.stop();
    }
  }, 30_000);

  it('says within a few seconds which endpoint does not answer', async () => {
    const started = performance.now();
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      for (const endpoint of ['http://127.0.0.1:1', `http://127.0.0.1:${port}`]) {
        const opened = openEtcdStore([endpoint], log);
        await expect(opened).rejects.toBeInstanceOf(StoreUnavailableError);
        await expect(opened).rejects.toThrow(endpoint);
      }
      expect(performance.now() - started).toBeLessThan(12_000);
    } finally {
      silent.close();
    }
    await expect(openEtcdStore(['127.0.0.1:2379'], log)).rejects.toThrow('http://HOST:PORT');
  }, 20_000);

  it('moves on to the next endpoint', async () => {
    const store = await openHere(['http://127.0.0.1:1', etcd.endpoint]);
    const watch = new WatchRecorder(store, { prefix: '/next/', after: await store.currentRevision() });
    const result = await store.write({ op: 'put', key: '/next/a', value: bytes('1') });
    expect(result.ok).toBe(true);
    await watch.until(() => watch.events.length === 1);
  }, 20_000);
});
