import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { describeStore } from '../contract/store-contract';
import { bytes, text, WatchRecorder } from '../contract/watch-recorder';
import type { Store } from '../store';
import { openEmbeddedStore } from './embedded-store';

const log = pino({ level: 'silent' });
const newDirectory = () => mkdtempSync(join(tmpdir(), 'wheelhouse-store-'));

describeStore('embedded', async () => {
  const directory = newDirectory();
  const store = openEmbeddedStore(directory, log);
  return {
    store,
    dispose: async () => {
      await store.close();
      rmSync(directory, { recursive: true });
    },
  };
});

describe('embedded store', () => {
  const directories: string[] = [];
  const stores: Store[] = [];
  const openIn = (directory: string) => {
    const store = openEmbeddedStore(directory, log);
    stores.push(store);
    return store;
  };
  const temporary = () => {
    const directory = newDirectory();
    directories.push(directory);
    return directory;
  };
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  it('continues where it left off, with history, leases and the counter', async () => {
    const directory = temporary();
    const first = openIn(directory);
    const created = await first.write({ op: 'put', key: '/a', value: bytes('1') });
    const lease = await first.grantLease(600);
    await first.write({ op: 'put', key: '/leased', value: bytes('1'), lease });
    await first.write({ op: 'put', key: '/a', value: bytes('2') });
    const revision = await first.currentRevision();
    await first.close();

    const second = openIn(directory);
    expect(await second.currentRevision()).toBe(revision);
    const watch = new WatchRecorder(second, { prefix: '/', after: created.ok ? created.revision : 0 });
    await watch.until(() => watch.events.length === 2);
    expect(watch.summary()).toEqual(['put /leased 1', 'put /a 2']);
    await second.renewLease(lease);
    await second.revokeLease(lease);
    expect(await second.get('/leased')).toBeUndefined();
    expect(text((await second.get('/a'))?.value ?? bytes(''))).toBe('2');
  });

  it('belongs to one process at a time', () => {
    const directory = temporary();
    openIn(directory);
    expect(() => openEmbeddedStore(directory, log)).toThrow(`in use by process ${process.pid}`);
  });

  it('refuses a directory that a newer version wrote', async () => {
    const directory = temporary();
    await openIn(directory).close();
    const root = open({ path: directory, maxDbs: 8 });
    await root.openDB({ name: 'meta', encoding: 'json' }).put('format', 2);
    await root.close();
    expect(() => openEmbeddedStore(directory, log)).toThrow('newer version (format 2');
  });

  it('refuses keys that could not be stored', async () => {
    const store = openIn(temporary());
    await expect(store.write({ op: 'put', key: 'x'.repeat(1025), value: bytes('') })).rejects.toThrow(
      RangeError,
    );
    await expect(store.write({ op: 'put', key: '', value: bytes('') })).rejects.toThrow(RangeError);
  });

  it('really drops what compaction forgets', async () => {
    const directory = temporary();
    const store = openIn(directory);
    for (let i = 0; i < 2500; i++)
      void store.write({ op: 'put', key: `/k${i % 10}`, value: bytes(String(i)) });
    await store.write({ op: 'delete', key: '/k0' });
    await store.compact(await store.currentRevision());
    await store.close();
    const root = open({ path: directory, maxDbs: 8 });
    expect(root.openDB({ name: 'log', encoding: 'binary' }).getKeysCount()).toBe(9);
    await root.close();
  });

  it('refuses to work after close', async () => {
    const store = openIn(temporary());
    await store.close();
    await expect(store.get('/a')).rejects.toThrow('closed');
    await expect(store.write({ op: 'delete', key: '/a' })).rejects.toThrow('closed');
  });
});
