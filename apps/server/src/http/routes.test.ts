import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTester, type Tester } from './testing/tester';

const NS = '/api/v1/namespaces/default';
const MAPS = `${NS}/configmaps`;
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const MERGE = { type: 'application/merge-patch+json' };

let tester: Tester;
const send: Tester['send'] = (...request) => tester.send(...request);

const map = (name: string, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
});

beforeAll(async () => {
  tester = await startTester();
  for (const name of ['a', 'b', 'c'])
    await send('POST', MAPS, map(name, { labels: { odd: String(name !== 'b') } }));
});
afterAll(() => tester.stop());

describe('a path that no resource has is not found, whatever the method', () => {
  it.each([
    '/api/v1/configmaps/a',
    '/api/v1/widgets',
    '/apis/apps/v9',
    '/apis/nope',
    '/apis/nope/v1/things',
    `${MAPS}/a/status`,
    `${MAPS}/a/scale`,
    `${NS}/pods/p/status/more`,
    `${NS}/nodes/n`,
    `${NS}/bindings/x`,
    '/api/v1/watch/configmaps/x/y',
    '/healthz/',
    '/livez/informer-sync',
  ])('%s', async (path) => {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
      const { status } = await send(method, path, method === 'POST' || method === 'PUT' ? {} : undefined);
      expect([method, status]).toEqual([method, 404]);
    }
  });
});

it.each([
  ['/apis', 'APIGroupList'],
  ['/apis/apps', 'APIGroup'],
])('%s is answered to any method', async (path, kind) => {
  expect((await send('DELETE', path)).json).toMatchObject({ kind });
});

it.each(['/healthz/etcd', '/livez/etcd', '/readyz/informer-sync', '/readyz/ping'])(
  '%s is a check',
  async (path) => {
    expect(await send('GET', path)).toMatchObject({ status: 200, text: 'ok' });
  },
);

describe('media types', () => {
  it.each([
    ['GET', '/version', 'text/plain'],
    ['GET', '/api/v1', 'application/*'],
    ['GET', '/api/v1', 'application/json;as=Table;v=v1;g=meta.k8s.io'],
    ['GET', `${MAPS}/a`, 'text/plain'],
    ['GET', `${MAPS}/none`, 'application/*'],
  ])('%s %s as %s is not acceptable', async (method, path, accept) => {
    expect(await send(method, path, undefined, { accept })).toMatchObject({
      status: 406,
      json: { reason: 'NotAcceptable' },
    });
  });

  it('of a table may be YAML', async () => {
    const accept = 'application/yaml;as=Table;v=v1;g=meta.k8s.io';
    expect(await send('GET', MAPS, undefined, { accept })).toMatchObject({
      status: 200,
      type: 'application/yaml',
    });
  });

  it('of a patch are compared literally, and none at all is another fault', async () => {
    const upper = await send('PATCH', `${MAPS}/a`, {}, { type: 'APPLICATION/MERGE-PATCH+JSON' });
    expect(upper).toMatchObject({ status: 415, json: { message: '415: Unsupported Media Type' } });
    expect(
      (await send('PATCH', `${MAPS}/a`, {}, { type: 'application/merge-patch+json; charset=utf-8' })).status,
    ).toBe(200);
  });

  it.each(['application/apply-patch+yaml', 'application/merge-patch+json', ';'])(
    '%s makes no object',
    async (type) => {
      expect((await send('POST', MAPS, map('d'), { type })).status).toBe(415);
    },
  );
});

describe('parameters', () => {
  it.each([
    ['limit=', 400, 'strconv.ParseInt: parsing "": invalid syntax'],
    [
      'limit=99999999999999999999',
      400,
      'strconv.ParseInt: parsing "99999999999999999999": value out of range',
    ],
    ['timeoutSeconds=1.5', 400, 'strconv.ParseInt: parsing "1.5": invalid syntax'],
    ['resourceVersion=99999999999999999999', 400, 'value out of range'],
    ['fieldSelector=spec.x%3D1', 400, '"spec.x" is not a known field selector: only "metadata.name"'],
    [
      `continue=${token({ v: 'v2', rv: 1, start: 'a' })}`,
      400,
      'does not recognize this encoded version "v2"',
    ],
    [`continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: 'a' })}*`, 400, 'not issued by this server'],
    [`continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: '../b' })}`, 400, 'not issued by this server'],
    [`continue=${token({ v: 'meta.k8s.io/v1', rv: 0, start: 'a' })}`, 400, 'incorrect encoded start'],
    [`continue=${token({ v: 'meta.k8s.io/v1', rv: 1, start: '' })}`, 400, 'encoded start key empty'],
  ])('%s is refused', async (query, status, message) => {
    const { json } = await send('GET', `${MAPS}?${query}`);
    expect([json.code, json.message]).toEqual([status, expect.stringContaining(message)]);
  });

  it.each([
    'limit=9223372036854775807',
    'limit=%zz',
    'limit=x;watch=1',
    'includeObject=Some',
    'fieldSelector=%3D',
  ])('%s is passed over', async (query) => {
    expect((await send('GET', `${MAPS}?${query}`)).json.items.length).toBeGreaterThan(2);
  });

  it('a full page has a next one while there is anything behind it, selected or not', async () => {
    const { json } = await send('GET', `${MAPS}?labelSelector=odd%3Dtrue&limit=1`);
    expect(json.items).toHaveLength(1);
    const next = await send('GET', `${MAPS}?labelSelector=odd%3Dfalse&limit=1`);
    expect(next.json.metadata.continue).toMatch(/./);
    const last = await send(
      'GET',
      `${MAPS}?labelSelector=odd%3Dfalse&limit=1&continue=${next.json.metadata.continue}`,
    );
    expect(last.json).toMatchObject({ items: [] });
    expect(last.json.metadata.continue).toBeUndefined();
  });
});

it.each([MAPS, `${MAPS}/a`, `${MAPS}/none`, '/apis/apps'])(
  '%s is laid out for people who ask for that',
  async (path) => {
    expect((await send('GET', path)).text).not.toContain('\n ');
    expect((await send('GET', `${path}?pretty=true`)).text).toMatch(/^\{\n {2}"kind": /);
  },
);

describe('names in the path', () => {
  it.each([
    ['a%25b', 400, "may not contain '%'"],
    ['a%2Fb', 404, 'could not find'],
  ])('%s', async (name, status, message) => {
    const { json } = await send('GET', `${MAPS}/${name}`);
    expect([json.code, json.message]).toEqual([status, expect.stringContaining(message)]);
  });
});

describe('bodies', () => {
  it('of null are empty objects', async () => {
    expect((await send('POST', MAPS, 'null')).json).toMatchObject({ reason: 'Invalid' });
  });

  it('have a sign for half a character', async () => {
    const text = '{"metadata":{"name":"half"},"data":{"a":"\\ud83d","b":"\\ud83d\\ude00"}}';
    expect((await send('POST', MAPS, text)).json.data).toEqual({ a: '\ufffd', b: '\u{1f600}' });
  });

  it('of nothing at all make no patch', async () => {
    expect((await send('PATCH', `${MAPS}/a`)).json).toMatchObject({ code: 406 });
  });
});

it('a prefix for names may end in a dash, and what stands before it is not looked at', async () => {
  const { json } = await send('POST', MAPS, { metadata: { generateName: 'X-' } });
  expect(json.details.causes).toMatchObject([{ field: 'metadata.name' }]);
});

describe('deleting many', () => {
  it.each(['timeoutSeconds=abc', 'limit=abc', 'sendInitialEvents=true', 'labelSelector=%2C'])(
    'deletes nothing where %s is not understood',
    async (query) => {
      const before = (await send('GET', MAPS)).json.items.length;
      expect((await send('DELETE', `${MAPS}?${query}`)).status).toBeGreaterThanOrEqual(400);
      expect((await send('GET', MAPS)).json.items).toHaveLength(before);
    },
  );
});

it('a binding names the pod that its URL names', async () => {
  const binding = { target: { kind: 'Node', name: 'n' } };
  for (const metadata of [{}, { name: 'other' }]) {
    const { json } = await send('POST', `${NS}/pods/none/binding`, { ...binding, metadata });
    expect(json).toMatchObject({ code: 400, message: 'name in URL does not match name in Binding object' });
  }
});

describe('a PUT', () => {
  const LEASES = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
  const lease = (name: string, metadata: object = {}) => ({ metadata: { name, ...metadata } });

  it('creates what is not there, of the kinds for which it may', async () => {
    expect((await send('PUT', `${LEASES}/l`, lease('l', { resourceVersion: '5' }))).status).toBe(201);
    // It is there now, so that the revision counts.
    expect((await send('PUT', `${LEASES}/l`, lease('l'))).json).toMatchObject({ reason: 'Invalid' });
    expect((await send('PUT', `${MAPS}/none`, map('none'))).status).toBe(404);
    expect((await send('PUT', `${LEASES}/m`, lease('m', { uid: 'u' }))).json).toMatchObject({
      reason: 'Conflict',
    });
    expect((await send('PUT', `${LEASES}/Bad_`, lease('Bad_'))).json).toMatchObject({ reason: 'Invalid' });
    expect((await send('PUT', `${LEASES}/dry?dryRun=All`, lease('dry'))).status).toBe(201);
    expect((await send('GET', `${LEASES}/dry`)).status).toBe(404);
  });
});

describe('metadata', () => {
  it('of what has no namespace says none, whatever was sent', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', namespace: 'x' } };
    const { status, json } = await send('POST', '/api/v1/nodes', node);
    expect([status, json.metadata.namespace]).toEqual([201, undefined]);
  });

  it('of a new object may say a revision that is none', async () => {
    expect((await send('POST', MAPS, map('r1', { resourceVersion: 'abc' }))).status).toBe(201);
    expect((await send('POST', MAPS, map('r2', { resourceVersion: '7' }))).status).not.toBe(201);
  });

  it('keeps a generation that nobody counts, and a prefix that comes later', async () => {
    expect((await send('POST', MAPS, map('g', { generation: 7 }))).json.metadata.generation).toBe(7);
    expect((await send('PUT', `${MAPS}/g`, map('g', { generateName: 'p-' }))).json.metadata).toMatchObject({
      generation: 7,
      generateName: 'p-',
    });
  });

  it('of a deployment counts its annotations as something that is wanted', async () => {
    const labels = { app: 'x' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { selector: { matchLabels: labels }, template };
    await send('POST', DEPLOYMENTS, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec,
    });
    const change = (metadata: object) => send('PATCH', `${DEPLOYMENTS}/d`, { metadata }, MERGE);
    expect((await change({ labels: { a: 'b' } })).json.metadata.generation).toBe(1);
    expect((await change({ annotations: { a: 'b' } })).json.metadata.generation).toBe(2);
  });

  it('names owners by a group and a version', async () => {
    const owner = { apiVersion: 'a/b/c', kind: 'Pod', name: 'a', uid: 'u' };
    const { json } = await send('POST', MAPS, map('o', { ownerReferences: [owner] }));
    expect(json.details.causes).toMatchObject([{ field: 'metadata.ownerReferences.apiVersion' }]);
  });
});

function token(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
