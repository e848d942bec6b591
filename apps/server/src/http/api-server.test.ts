import { request as rawRequest } from 'node:https';
import { gzipSync } from 'node:zlib';
import { systemClock } from '@wheelhouse/shared/clock';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditRecord } from '../audit/audit-sink';
import { startTestApiServer, type TestApiServer } from './testing/test-api-server';

let server: TestApiServer;
let agent: Agent;
const audited: AuditRecord[] = [];

beforeAll(async () => {
  server = await startTestApiServer({
    ringCapacity: 64,
    nodePortRange: [30000, 30003],
    audit: { record: (record) => void audited.push(record), flush: async () => {}, close: async () => {} },
  });
  agent = new Agent({ connect: { ca: server.ca } });
});
afterAll(async () => {
  await agent.close();
  await server.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  // Bodies are looked into freely by the assertions.
  readonly body: KubeObject & Record<string, never>;
  readonly text: string;
}

async function call(
  method: string,
  path: string,
  options: {
    body?: unknown;
    type?: string;
    accept?: string;
    headers?: Record<string, string>;
    raw?: Buffer | string;
  } = {},
): Promise<Answer> {
  const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
  const answer = await fetch(server.baseUrl + path, {
    method,
    dispatcher: agent,
    headers: {
      authorization: `Bearer ${server.token}`,
      ...(body === undefined ? {} : { 'content-type': options.type ?? 'application/json' }),
      ...(options.accept ? { accept: options.accept } : {}),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await answer.text();
  const json = (answer.headers.get('content-type') ?? '').startsWith('application/json');
  return { status: answer.status, headers: answer.headers, text, body: json && text ? JSON.parse(text) : {} };
}

const MAPS = '/api/v1/namespaces/default/configmaps';
const map = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});

/** Reads a watch stream until `count` events came, or its end. */
async function watchEvents(path: string, count: number, opened?: () => void) {
  const answer = await fetch(server.baseUrl + path, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${server.token}` },
  });
  expect(answer.status).toBe(200);
  opened?.();
  const events: {
    type: string;
    object: { metadata: { name: string; resourceVersion: string }; code?: number };
  }[] = [];
  let rest = '';
  for await (const chunk of answer.body ?? []) {
    rest += Buffer.from(chunk).toString();
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) events.push(JSON.parse(line));
    if (events.length >= count) break;
  }
  return events;
}

test('without a credential it is 403, unknown groups are plain text, unknown resources a Status', async () => {
  const anonymous = await fetch(`${server.baseUrl}${MAPS}`, { dispatcher: agent });
  expect(anonymous.status).toBe(403);
  await anonymous.text();
  const group = await call('GET', '/apis/nope.example.com/v1/things');
  expect([group.status, group.text]).toEqual([404, '404 page not found\n']);
  expect((await call('GET', '/api/v1/namespaces/default/widgets')).body).toMatchObject({
    reason: 'NotFound',
  });
  expect((await call('DELETE', '/api/v1/namespaces')).status).toBe(405);
});

test('health and version answer in plain words', async () => {
  expect((await call('GET', '/readyz')).text).toBe('ok');
  expect((await call('GET', '/livez?verbose')).text).toContain('[+]ping ok');
  expect((await call('GET', '/readyz?verbose')).text).toContain('[+]etcd ok');
  expect((await call('GET', '/version')).body).toMatchObject({ major: '1', minor: '33' });
});

test('one object in all its forms', async () => {
  await call('POST', MAPS, { body: map('forms', { k: 'v' }) });
  const yaml = await call('GET', `${MAPS}/forms`, { accept: 'application/yaml' });
  expect(yaml.headers.get('content-type')).toBe('application/yaml');
  expect(yaml.text).toContain('name: forms');
  const table = await call('GET', MAPS, {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
  });
  expect(table.body).toMatchObject({ kind: 'Table', columnDefinitions: expect.any(Array) });
  const partial = await call('GET', `${MAPS}/forms`, {
    accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  });
  expect(partial.body).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'forms' } });
  expect(partial.body).not.toHaveProperty('data');
  expect((await call('GET', `${MAPS}/forms`, { accept: 'application/xml' })).status).toBe(406);
  const viaYaml = await call('POST', MAPS, {
    raw: 'kind: ConfigMap\napiVersion: v1\nmetadata: {name: from-yaml}\ndata: {mode: "0644", date: 2001-01-01}\n',
    type: 'application/yaml',
  });
  expect(viaYaml.body).toMatchObject({ data: { mode: '0644', date: '2001-01-01' } });
});

test('pages of a list share one revision, whatever is written meanwhile; an old one is 410', async () => {
  const selector = 'labelSelector=paged%3Dyes';
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) {
    await call('POST', MAPS, { body: map(name, {}, { paged: 'yes' }) });
  }
  const first = await call('GET', `${MAPS}?limit=2&${selector}`);
  const { resourceVersion, continue: token } = first.body.metadata as {
    resourceVersion?: string;
    continue?: string;
  };
  await call('DELETE', `${MAPS}/p3`);
  await call('POST', MAPS, { body: map('p2b', {}, { paged: 'yes' }) });
  const second = await call('GET', `${MAPS}?limit=2&${selector}&continue=${token}`);
  expect(second.body).toMatchObject({
    metadata: { resourceVersion },
    items: [{ metadata: { name: 'p3' } }, { metadata: { name: 'p4' } }],
  });
  const exact = await call(
    'GET',
    `${MAPS}?${selector}&resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`,
  );
  expect((exact.body.items as unknown as unknown[]).length).toBe(5);
  await server.store.compact(Number(resourceVersion) + 1);
  const late = await call('GET', `${MAPS}?limit=2&${selector}&continue=${token}`);
  expect(late.body).toMatchObject({ code: 410, reason: 'Expired' });
  expect((await call('GET', `${MAPS}?continue=nonsense`)).status).toBe(400);
});

test('a watch from a revision that has fallen off the ring is 410', async () => {
  const created = await call('POST', MAPS, { body: map('old') });
  for (let i = 0; i < 70; i++) {
    await call('PATCH', `${MAPS}/old`, {
      body: { data: { i: String(i) } },
      type: 'application/merge-patch+json',
    });
  }
  const revision = created.body.metadata?.resourceVersion;
  const answer = await call('GET', `${MAPS}?watch=1&resourceVersion=${revision}`);
  expect(answer.body).toMatchObject({ code: 410, reason: 'Expired' });
});

test('what there is can be kept: it is sent again only when it has changed', async () => {
  const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const first = await call('GET', '/apis', { accept });
  const etag = first.headers.get('etag') ?? '';
  expect(etag).toMatch(/^"\w+"$/);
  const again = await call('GET', '/apis', { accept, headers: { 'if-none-match': etag } });
  expect([again.status, again.text]).toEqual([304, '']);
  expect((await call('GET', '/apis', { accept, headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  for (const same of [`W/${etag}`, `"other", ${etag}`, '*'])
    expect((await call('GET', '/apis', { accept, headers: { 'if-none-match': same } })).status).toBe(304);
  const { text } = await call('GET', '/openapi/v3');
  const document = await call('GET', JSON.parse(text).paths['apis/apps/v1'].serverRelativeURL);
  expect(document.headers.get('cache-control')).toContain('immutable');
  const unnamed = await call('GET', '/openapi/v3/apis/apps/v1');
  expect(unnamed.headers.get('cache-control') ?? '').not.toContain('immutable');
});

test('sendInitialEvents: the state, then one marked bookmark, then what happens', async () => {
  await call('POST', MAPS, { body: map('initial', {}, { init: 'yes' }) });
  const path = `${MAPS}?watch=1&labelSelector=init&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
  const events = await watchEvents(path, 3, () => {
    void call('POST', MAPS, { body: map('later', {}, { init: 'yes' }) });
  });
  expect(events.map(({ type }) => type)).toEqual(['ADDED', 'BOOKMARK', 'ADDED']);
  expect(events[1]?.object.metadata).toMatchObject({ annotations: { 'k8s.io/initial-events-end': 'true' } });
  expect(events[2]?.object.metadata.name).toBe('later');
  expect((await call('GET', `${MAPS}?watch=1&sendInitialEvents=true`)).status).toBe(422);
});

test('concurrent writers lose no update, and every watcher sees each event once, in order', async () => {
  await call('POST', MAPS, { body: map('counter', {}, { counted: 'yes' }) });
  const list = await call('GET', `${MAPS}?labelSelector=counted`);
  const revision = list.body.metadata?.resourceVersion;
  const writers = 32;
  const opened: (() => void)[] = [];
  const ready = Array.from({ length: 5 }, () => new Promise<void>((resolve) => opened.push(resolve)));
  const watching = opened.map((open) =>
    watchEvents(`${MAPS}?watch=1&labelSelector=counted&resourceVersion=${revision}`, writers, open),
  );
  await Promise.all(ready);
  const answers = await Promise.all(
    Array.from({ length: writers }, (_, i) =>
      call('PATCH', `${MAPS}/counter`, {
        body: { data: { [`k${i}`]: 'x' } },
        type: 'application/merge-patch+json',
      }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(writers).fill(200));
  const final = await call('GET', `${MAPS}/counter`);
  expect(Object.keys(final.body.data ?? {}).length).toBe(writers);
  const expected = answers.map(({ body }) => Number(body.metadata?.resourceVersion)).sort((a, b) => a - b);
  for (const events of await Promise.all(watching)) {
    expect(events.map(({ object }) => Number(object.metadata.resourceVersion))).toEqual(expected);
  }
});

test('service addresses and ports belong to one service at a time and come back', async () => {
  const path = '/api/v1/namespaces/default/services';
  const service = (name: string, spec: object) => ({
    metadata: { name },
    spec: { ports: [{ port: 80 }], ...spec },
  });
  const made = await call('POST', path, { body: service('one', { type: 'NodePort' }) });
  const spec = made.body.spec as unknown as { clusterIP: string; ports: { nodePort: number }[] };
  expect(spec.clusterIP).toMatch(/^10\.96\./);
  const port = spec.ports[0]?.nodePort ?? 0;
  expect(port).toBeGreaterThanOrEqual(30000);
  const stolen = await call('POST', path, { body: service('two', { clusterIP: spec.clusterIP }) });
  expect(stolen.body).toMatchObject({ code: 422, details: { causes: [{ field: 'spec.clusterIPs' }] } });
  const rest = await Promise.all(
    ['n1', 'n2', 'n3', 'n4'].map((name) => call('POST', path, { body: service(name, { type: 'NodePort' }) })),
  );
  // Four ports, one taken: three more fit.
  expect(rest.map(({ status }) => status).sort()).toEqual([201, 201, 201, 500]);
  await call('DELETE', `${path}/one`);
  const again = await call('POST', path, {
    body: service('three', {
      type: 'NodePort',
      clusterIP: spec.clusterIP,
      ports: [{ port: 80, nodePort: port }],
    }),
  });
  expect(again.status).toBe(201);
  const inner = await call('PATCH', `${path}/three`, {
    body: { spec: { type: 'ClusterIP' } },
    type: 'application/merge-patch+json',
  });
  expect(inner.status).toBe(200);
  const free = await call('POST', path, { body: service('four', { type: 'NodePort' }) });
  expect(free.status).toBe(201);
  const taken = (free.body.spec as unknown as typeof spec).ports[0]?.nodePort;
  const local = {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    allocateLoadBalancerNodePorts: false,
  };
  const checked = await call('POST', path, {
    body: service('checked', { ...local, healthCheckNodePort: taken }),
  });
  expect(checked.body).toMatchObject({
    code: 422,
    details: { causes: [{ field: 'spec.healthCheckNodePort' }] },
  });
  const headless = await call('POST', path, { body: service('headless', { clusterIP: 'None' }) });
  expect(headless.body).toMatchObject({ spec: { clusterIP: 'None', clusterIPs: ['None'] } });
  const dry = await call('POST', `${path}?dryRun=All`, { body: service('dry', {}) });
  expect(dry.status).toBe(201);
  expect(
    await server.client.list(serviceKind).then(({ items }) => items.map((s) => s.metadata.name)),
  ).not.toContain('dry');
});

test('a forced deletion of a bound pod shows MODIFIED, then DELETED', async () => {
  const pods = '/api/v1/namespaces/default/pods';
  const pod = {
    metadata: { name: 'bound' },
    spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
  };
  const created = await call('POST', pods, { body: pod });
  const revision = created.body.metadata?.resourceVersion;
  await call('DELETE', `${pods}/bound?gracePeriodSeconds=0`);
  const events = await watchEvents(`${pods}?watch=1&resourceVersion=${revision}`, 2);
  expect(events.map(({ type }) => type)).toEqual(['MODIFIED', 'DELETED']);
});

test('field validation: strict refuses, the default warns', async () => {
  const body = { ...map('fields'), data: { a: 'b' }, typo: 1 };
  const strict = await call('POST', `${MAPS}?fieldValidation=Strict`, { body });
  expect(strict.status).toBe(400);
  expect(strict.text).toContain('unknown field \\"typo\\"');
  const warned = await call('POST', MAPS, { body });
  expect(warned.headers.get('warning')).toContain('unknown field');
});

test('hostile bodies are refused in time: too large, too deep, not UTF-8, bombs, odd keys', async () => {
  const huge = 'x'.repeat(4 * 1024 * 1024);
  expect((await call('POST', MAPS, { body: map('huge', { huge }) })).status).toBe(413);
  const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
  expect((await call('POST', MAPS, { raw: bomb, headers: { 'content-encoding': 'gzip' } })).status).toBe(413);
  const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
  expect((await call('POST', MAPS, { raw: `{"metadata":{"name":"deep"},"data":${deep}}` })).status).toBe(400);
  expect((await call('POST', MAPS, { raw: Buffer.from([0x7b, 0xff, 0xfe, 0x7d]) })).status).toBe(400);
  expect((await call('POST', MAPS, { raw: '{"metadata":' })).status).toBe(400);
  const aliases = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
    .split('')
    .map((k, i) => `${k}: &${k} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(',')}]`)
    .join('\n')}\n`;
  expect((await call('POST', MAPS, { raw: aliases, type: 'application/yaml' })).status).toBe(400);
  const proto = await call('POST', MAPS, {
    raw: '{"metadata":{"name":"proto"},"data":{"__proto__":"x","constructor":"y"}}',
  });
  // Both are good keys of a config map, and nothing but keys.
  expect(proto.status).toBe(201);
  expect(proto.text).toContain('"__proto__":"x","constructor":"y"');
  expect((await call('GET', `${MAPS}?labelSelector=${'a,'.repeat(20_000)}`)).status).toBeGreaterThanOrEqual(
    400,
  );
  expect((await call('GET', '/api/v1/namespaces/default/configmaps/%2e%2e%2f')).status).toBe(400);
  expect((await call('GET', `${MAPS}/a%zz`)).status).toBe(400);
  expect((await call('PATCH', `${MAPS}/x`, { body: [], type: 'text/plain' })).status).toBe(415);
});

test('HTTP/1.1 clients may send a body without saying its length', async () => {
  const url = new URL(server.baseUrl + MAPS);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const req = rawRequest(
      url,
      {
        method: 'POST',
        ca: server.ca,
        headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      },
      (res) => {
        res.resume();
        res.on('end', () => resolve(res.statusCode));
      },
    );
    req.on('error', reject);
    req.write('{"metadata":{"na');
    req.end('me":"chunked"}}');
  });
  expect(status).toBe(201);
});

test('changes, and refusals of changes, are reported; dry runs and no-ops are not', async () => {
  audited.length = 0;
  await call('POST', `${MAPS}?dryRun=All`, { body: map('audited') });
  await call('POST', MAPS, { body: map('audited', { a: '1' }) });
  await call('POST', MAPS, { body: map('audited') });
  const patch = { type: 'application/merge-patch+json' };
  await call('PATCH', `${MAPS}/audited`, { body: { data: { a: '1' } }, ...patch });
  await call('PATCH', `${MAPS}/audited`, { body: { data: { a: '2' } }, ...patch });
  await call('DELETE', `${MAPS}/audited`);
  expect(audited.map(({ verb, responseCode }) => [verb, responseCode])).toEqual([
    ['create', 201],
    ['create', 409],
    ['patch', 200],
    ['delete', 200],
  ]);
  expect(audited[2]).toMatchObject({
    name: 'audited',
    before: { data: { a: '1' } },
    after: { data: { a: '2' } },
    user: { name: 'admin' },
  });
  expect(audited[3]?.after).toBe(undefined);
  expect(systemClock.now().getTime() - (audited[3]?.time.getTime() ?? 0)).toBeLessThan(60_000);
});
