import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WatchEvent } from '@wheelhouse/shared/client/client';
import { isAlreadyExists, isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore } from '../store/open-store';
import type { Store } from '../store/store';
import { type ApiServer, createApiServer } from './api-server';

const log = pino({ level: 'silent' });
const admin = { name: 'admin', groups: ['system:masters'] };
let directory: string;
let store: Store;
let api: ApiServer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wh-api-'));
  store = await openStore({ kind: 'embedded', directory }, log);
  api = await createApiServer({
    store,
    kinds: [namespaceKind, podKind, configMapKind],
    authenticator: { authenticate: () => undefined },
    authorizer: { authorize: () => ({ allowed: true }) },
    admission: [],
    serviceCidr: '10.96.0.0/16',
    log,
  });
});

afterAll(async () => {
  await api.stop();
  await store.close();
  await rm(directory, { recursive: true });
});

const configMap = (name: string, data: Record<string, string> = {}) => ({
  metadata: { name, namespace: 'default' },
  data,
});

test('an object lives: create, get, list, update, patch, delete', async () => {
  const client = api.clientFor(admin);
  const created = await client.create(configMapKind, configMap('life', { k: '1' }));
  expect(created).toMatchObject({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'life' },
    data: { k: '1' },
  });
  expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(Object.isFrozen(created.data)).toBe(true);
  await expect(client.create(configMapKind, configMap('life'))).rejects.toSatisfy(isAlreadyExists);

  const read = await client.get(configMapKind, { namespace: 'default', name: 'life' });
  expect(read).toEqual(created);
  const updated = await client.update(configMapKind, { ...read, data: { k: '2' } });
  expect(updated.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
  expect(updated.metadata.uid).toBe(created.metadata.uid);
  await expect(client.update(configMapKind, { ...created, data: { k: '3' } })).rejects.toSatisfy(isConflict);

  const same = await client.update(configMapKind, updated);
  expect(same.metadata.resourceVersion).toBe(updated.metadata.resourceVersion);

  const patched = await client.patch(
    configMapKind,
    { namespace: 'default', name: 'life' },
    { type: 'merge', body: { data: { extra: 'x' } } },
  );
  expect(patched.data).toEqual({ k: '2', extra: 'x' });
  const list = await client.list(configMapKind, { namespace: 'default' });
  expect(list.items.map((item) => item.metadata.name)).toContain('life');

  const deleted = await client.delete(configMapKind, { namespace: 'default', name: 'life' });
  expect(deleted).toMatchObject({ kind: 'Status', status: 'Success' });
  await expect(client.get(configMapKind, { namespace: 'default', name: 'life' })).rejects.toSatisfy(
    isNotFound,
  );
});

test('a watcher sees the changes of its selection, and leaves with DELETED', async () => {
  const client = api.clientFor(admin);
  const { metadata } = await client.list(configMapKind);
  const abort = new AbortController();
  const seen: string[] = [];
  const watching = (async () => {
    const events: AsyncIterable<WatchEvent<object>> = client.watch(configMapKind, {
      resourceVersion: metadata.resourceVersion,
      labelSelector: 'on=yes',
      signal: abort.signal,
    });
    for await (const { type, object } of events) {
      seen.push(`${type} ${(object as { metadata: { name: string } }).metadata.name}`);
      if (seen.length === 4) return;
    }
  })();
  const label = (on: string) => ({ type: 'merge', body: { metadata: { labels: { on } } } }) as const;
  const ref = { namespace: 'default', name: 'w' };
  await client.create(configMapKind, configMap('w'));
  await client.patch(configMapKind, ref, label('yes'));
  await client.patch(configMapKind, ref, { type: 'merge', body: { data: { a: 'b' } } });
  await client.patch(configMapKind, ref, label('no'));
  await client.patch(configMapKind, ref, label('yes'));
  await watching;
  abort.abort();
  expect(seen).toEqual(['ADDED w', 'MODIFIED w', 'DELETED w', 'ADDED w']);
});
