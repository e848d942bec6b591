import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import { priorityLevelKind } from '@wheelhouse/shared/testing/priority-level';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApiServer, type TestApiServer } from './testing/test-api-server';

/** A kind is one file: what a server does with one that nothing else in the program has heard of. */
const GROUP = '/apis/flowcontrol.apiserver.k8s.io/v1';
const LEVELS = `${GROUP}/prioritylevelconfigurations`;
const JSON_TYPE = 'application/json';
const SHARED = fileURLToPath(new URL('../../../../packages/shared', import.meta.url));

let server: TestApiServer;
let agent: Agent;

beforeAll(async () => {
  server = await startTestApiServer({ kinds: [...allKinds, priorityLevelKind] });
  agent = new Agent({ connect: { ca: server.ca } });
});
afterAll(async () => {
  await agent.destroy();
  await server.stop();
});

async function send(
  method: string,
  path: string,
  { body, type = JSON_TYPE, accept = JSON_TYPE }: { body?: unknown; type?: string; accept?: string } = {},
) {
  const answer = await fetch(`${server.baseUrl}${path}`, {
    method,
    dispatcher: agent,
    headers: { authorization: `Bearer ${server.token}`, 'content-type': type, accept },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: await answer.json() };
}

const level = (name: string, spec: object) => ({
  apiVersion: 'flowcontrol.apiserver.k8s.io/v1',
  kind: 'PriorityLevelConfiguration',
  metadata: { name },
  spec,
});

test('the list of kinds finds its file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wheelhouse-kinds-'));
  try {
    await cp(join(SHARED, 'src/kinds'), join(folder, 'kinds'), { recursive: true });
    await mkdir(join(folder, 'kinds/flowcontrol'));
    await copyFile(
      join(SHARED, 'src/testing/priority-level.ts'),
      join(folder, 'kinds/flowcontrol/priority-level.ts'),
    );
    await promisify(execFile)(process.execPath, [join(SHARED, 'scripts/generate-kinds.mjs'), folder]);
    const before = (await readFile(join(SHARED, 'src/generated/kinds.ts'), 'utf8')).split('\n');
    const after = (await readFile(join(folder, 'generated/kinds.ts'), 'utf8')).split('\n');
    expect(after.filter((line) => !before.includes(line))).toEqual([
      "import { priorityLevelKind } from '../kinds/flowcontrol/priority-level';",
      '  priorityLevelKind,',
    ]);
    expect(before.filter((line) => !after.includes(line))).toEqual([]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('discovery and OpenAPI describe it', async () => {
  expect((await send('GET', '/apis')).json).toMatchObject({
    groups: expect.arrayContaining([expect.objectContaining({ name: 'flowcontrol.apiserver.k8s.io' })]),
  });
  expect((await send('GET', GROUP)).json).toMatchObject({
    resources: [
      { name: 'prioritylevelconfigurations', kind: 'PriorityLevelConfiguration', namespaced: false },
      { name: 'prioritylevelconfigurations/status', verbs: ['get', 'patch', 'update'] },
    ],
  });
  const described = await send('GET', `/openapi/v3${GROUP}`);
  expect(described.json).toMatchObject({
    paths: { [`${LEVELS}/{name}`]: { get: {}, put: {}, patch: {}, delete: {} } },
    components: {
      schemas: { 'io.k8s.api.flowcontrol.v1.LimitedPriorityLevelConfiguration': { type: 'object' } },
    },
  });
});

test('it is made, checked, changed, printed, watched and deleted', async () => {
  const start = await server.client.list(priorityLevelKind);

  const made = await send('POST', LEVELS, { body: level('one', { type: 'Limited', limited: {} }) });
  expect(made).toMatchObject({
    status: 201,
    json: { metadata: { generation: 1 }, spec: { limited: { nominalConcurrencyShares: 30 } } },
  });
  expect(await send('POST', LEVELS, { body: level('two', { type: 'Other' }) })).toMatchObject({
    status: 422,
    json: {
      details: {
        group: 'flowcontrol.apiserver.k8s.io',
        causes: [{ reason: 'FieldValueNotSupported', field: 'spec.type' }],
      },
    },
  });

  // Conditions merge by their type, spec and status are written apart, and only the spec is counted.
  const strategic = 'application/strategic-merge-patch+json';
  for (const type of ['A', 'B', 'A']) {
    const body = { status: { conditions: [{ type, status: 'True' }] }, spec: { type: 'Exempt' } };
    await send('PATCH', `${LEVELS}/one/status`, { body, type: strategic });
  }
  const applied = await send('PATCH', `${LEVELS}/one?fieldManager=tester`, {
    body: { ...level('one', { limited: { nominalConcurrencyShares: 5 } }), metadata: {} },
    type: 'application/apply-patch+yaml',
  });
  expect(applied.status).toBe(409);
  const forced = await send('PATCH', `${LEVELS}/one?fieldManager=tester&force=true`, {
    body: { ...level('one', { limited: { nominalConcurrencyShares: 5 } }), metadata: {} },
    type: 'application/apply-patch+yaml',
  });
  expect(forced).toMatchObject({
    status: 200,
    json: {
      metadata: { generation: 2 },
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5 } },
      status: { conditions: [{ type: 'B' }, { type: 'A' }] },
    },
  });

  const table = await send('GET', LEVELS, { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
  expect(table.json).toMatchObject({
    columnDefinitions: [{ name: 'Name' }, { name: 'Type' }, { name: 'Age' }],
    rows: [{ cells: ['one', 'Limited', expect.any(String)] }],
  });

  expect((await send('DELETE', `${LEVELS}/one`)).status).toBe(200);
  const seen: string[] = [];
  const options = { resourceVersion: start.metadata.resourceVersion };
  for await (const event of server.client.watch(priorityLevelKind, options)) {
    if (seen.at(-1) !== event.type) seen.push(event.type);
    if (event.type === 'DELETED') break;
  }
  expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
});
