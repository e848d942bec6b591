import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isNotFound } from '@wheelhouse/shared/errors';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, createApiServer } from '../http/api-server';
import type { VirtualGroup } from '../http/extension';
import { openStore } from '../store/open-store';
import type { Store } from '../store/store';
import type { AuditEntry } from './entry';
import { type Audit, openAudit } from './open-audit';
import { planUndo } from './undo';

const log = pino({ level: 'silent' });
const admin = { name: 'jane', groups: ['system:masters'] };
const kinds = [namespaceKind, configMapKind, secretKind, deploymentKind];

describe('undo, on a real API server and its real audit', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-undo-'));
  let store: Store;
  let audit: Audit;
  let api: ApiServer;
  let group: VirtualGroup;

  beforeAll(async () => {
    store = await openStore({ kind: 'embedded', directory: join(dataDir, 'store') }, log);
    audit = await openAudit({
      database: { kind: 'embedded', directory: join(dataDir, 'postgres') },
      dataDir,
      log,
    });
    api = await createApiServer({
      store,
      kinds,
      authenticator: { authenticate: () => undefined },
      authorizer: { authorize: () => ({ allowed: true }) },
      admission: [],
      audit: audit.sink,
      serviceCidr: '10.96.0.0/16',
      log,
    });
    group = audit.virtualGroupWithUndo({ clientFor: (user) => api.clientFor(user), kinds });
  }, 60_000);
  afterAll(async () => {
    await api.stop();
    await audit.close();
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  const request = (query = '') => ({
    user: admin,
    method: 'GET',
    url: new URL(`https://localhost/${query}`),
  });
  const handlers = (plural: string) => {
    const resource = group.resources.find((each) => each.plural === plural);
    if (!resource) throw new Error(`no ${plural}`);
    return resource;
  };
  const newest = async (name: string): Promise<AuditEntry> => {
    await audit.sink.flush();
    // The handlers answer with documents; this is the one that they promise.
    const answer = (await handlers('entries').list?.(request(`?name=${name}`))) as { items: AuditEntry[] };
    const [entry] = answer.items;
    if (!entry) throw new Error(`${name} has no history`);
    return entry;
  };
  const undo = (entry: AuditEntry, dryRun = false) =>
    handlers('undos').create?.({ spec: { entry: entry.metadata.name, dryRun } }, request());

  const config = (name: string, value: string) => ({
    metadata: { name, namespace: 'default', labels: { value } },
    data: { value },
  });
  const ref = (name: string) => ({ name, namespace: 'default' });

  it('puts an update back, under the name of the one who asks', async () => {
    const client = api.clientFor(admin);
    const created = await client.create(configMapKind, config('back', 'one'));
    await client.update(configMapKind, { ...created, ...config('back', 'two') });
    const entry = await newest('back');
    expect(entry.summary).toContain('one → two');

    expect(await undo(entry, true)).toMatchObject({ status: { action: 'update' } });
    expect((await client.get(configMapKind, ref('back'))).data).toEqual({ value: 'two' });
    expect(await undo(entry)).toMatchObject({
      kind: 'Undo',
      status: {
        action: 'update',
        changes: expect.arrayContaining([expect.objectContaining({ path: 'data.value' })]),
      },
    });
    const now = await client.get(configMapKind, ref('back'));
    expect(now.data).toEqual({ value: 'one' });
    expect(now.metadata.labels).toEqual({ value: 'one' });
    expect(now.metadata.uid).toBe(created.metadata.uid);
    expect(await newest('back')).toMatchObject({ user: { name: 'jane' }, verb: 'update' });
    // And the undo can be undone.
    await undo(await newest('back'));
    expect((await client.get(configMapKind, ref('back'))).data).toEqual({ value: 'two' });
  });

  it('explains why it cannot, and then changes nothing', async () => {
    const client = api.clientFor(admin);
    const created = await client.create(configMapKind, config('late', 'one'));
    const updated = await client.update(configMapKind, { ...created, data: { value: 'two' } });
    const entry = await newest('late');
    await client.update(configMapKind, { ...updated, data: { value: 'three' } });
    await expect(undo(entry)).rejects.toMatchObject({ code: 409 });
    await expect(undo(entry)).rejects.toThrow('it has changed since: data.value');
    expect((await client.get(configMapKind, ref('late'))).data).toEqual({ value: 'three' });
    await client.delete(configMapKind, ref('late'));
    await expect(undo(entry)).rejects.toThrow('does not exist any more');
  });

  it('makes again what was deleted', async () => {
    const client = api.clientFor(admin);
    const created = await client.create(configMapKind, config('gone', 'one'));
    await client.delete(configMapKind, ref('gone'));
    const entry = await newest('gone');
    expect(entry.verb).toBe('delete');
    await undo(entry);
    const again = await client.get(configMapKind, ref('gone'));
    expect(again.data).toEqual({ value: 'one' });
    expect(again.metadata.uid).not.toBe(created.metadata.uid);
    await expect(undo(entry)).rejects.toMatchObject({ code: 409 });
    await client.delete(configMapKind, ref('gone'));
    await expect(client.get(configMapKind, ref('gone'))).rejects.toSatisfy(isNotFound);
  });

  it('refuses what has nothing to go back to', async () => {
    const client = api.clientFor(admin);
    await client.create(configMapKind, config('first', 'one'));
    await expect(undo(await newest('first'))).rejects.toThrow('delete configmaps/first instead');
    const secret = await client.create(secretKind, {
      metadata: { name: 'hidden', namespace: 'default' },
      stringData: { a: 'geheim' },
    });
    await client.update(secretKind, { ...secret, data: {} });
    await expect(undo(await newest('hidden'))).rejects.toThrow('never recorded');
    await expect(handlers('undos').create?.({ spec: {} }, request())).rejects.toMatchObject({ code: 400 });
    await expect(handlers('undos').create?.({ spec: { entry: 'none' } }, request())).rejects.toMatchObject({
      code: 404,
    });
  });

  it('looks past status and the books of the deployment controller', async () => {
    const client = api.clientFor(admin);
    const labels = { app: 'web' };
    const created = await client.create(deploymentKind, {
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } },
      },
    });
    const scaled = await client.patch(deploymentKind, ref('web'), {
      type: 'merge',
      body: { spec: { replicas: 8 } },
    });
    const entry = await newest('web');
    expect(entry.summary).toBe('spec.replicas 3 → 8');
    await client.update(deploymentKind, { ...scaled, status: { replicas: 8 } }, { subresource: 'status' });
    await client.patch(deploymentKind, ref('web'), {
      type: 'merge',
      body: { metadata: { annotations: { 'deployment.kubernetes.io/revision': '2' } } },
    });
    await undo(entry);
    const now = await client.get(deploymentKind, ref('web'));
    expect(now.spec?.replicas).toBe(created.spec?.replicas);
    expect(now.status?.replicas).toBe(8);
    expect(now.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '2' });
  });
});

describe('planUndo', () => {
  const object = (value: string, uid = '1') => ({ kind: 'X', metadata: { name: 'x', uid }, data: { value } });

  it('has nothing to do where nothing would change', () => {
    expect(planUndo({ before: object('a'), after: object('a') }, object('a'))).toEqual({ action: 'nothing' });
  });

  it('does not touch an object that has taken the name over', () => {
    const entry = { before: object('a'), after: object('b') };
    expect(planUndo(entry, object('b', '2'))).toMatchObject({ action: 'conflict' });
    expect(planUndo({ before: object('a'), after: null }, object('a', '2'))).toMatchObject({
      action: 'conflict',
    });
  });

  it('leaves alone what is being deleted', () => {
    const current = { ...object('b'), metadata: { name: 'x', uid: '1', deletionTimestamp: 'now' } };
    expect(planUndo({ before: object('a'), after: object('b') }, current)).toMatchObject({
      action: 'conflict',
    });
  });
});
