import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTester, type Tester } from './testing/tester';

const API = '/apis/example.com/v1';
const THINGS = `${API}/namespaces/default/things`;
const MERGE = { type: 'application/merge-patch+json' };

let tester: Tester;
const send: Tester['send'] = (...request) => tester.send(...request);

const version = (name: string, more: object) => ({
  name,
  served: true,
  storage: false,
  schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  ...more,
});

beforeAll(async () => {
  tester = await startTester();
  await send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing' },
      versions: [
        version('v1', {
          storage: true,
          subresources: {
            scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
          },
        }),
        version('v1beta1', { deprecated: true }),
        version('v1alpha1', { deprecated: true, deprecationWarning: 'do not use this' }),
        version('v0', { served: false }),
      ],
    },
  });
  const thing = {
    apiVersion: 'example.com/v1',
    kind: 'Thing',
    metadata: { name: 'a' },
    spec: { replicas: 1 },
  };
  await send('POST', THINGS, thing);
});
afterAll(() => tester.stop());

describe('a path of custom resources', () => {
  it.each([
    ['DELETE', `${THINGS}/a/scale`, 405, { kind: 'things', group: 'example.com' }],
    ['PUT', `${THINGS}`, 400, undefined],
    ['GET', `${THINGS}/a/status`, 404, { kind: 'things', group: 'example.com', name: 'a' }],
    ['GET', `${THINGS}/a/log`, 404, { kind: 'things', group: 'example.com', name: 'a' }],
  ])('%s %s says what it is about', async (method, path, status, details) => {
    const { json } = await send(method, path, method === 'PUT' ? {} : undefined);
    expect([json.code, json.details]).toEqual([status, details]);
  });

  it('of one object makes objects whatever its name', async () => {
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'made' } };
    expect((await send('POST', `${THINGS}/a`, thing)).status).toBe(201);
    expect((await send('POST', `${THINGS}/b`, thing)).json).toMatchObject({ reason: 'AlreadyExists' });
  });

  it.each([
    [{ resourceVersion: null }, 422],
    [{ resourceVersion: '0' }, 422],
    [{ labels: { a: 'b' } }, 200],
  ])('is not patched without a revision: %j', async (metadata, status) => {
    expect((await send('PATCH', `${THINGS}/a`, { metadata }, MERGE)).status).toBe(status);
  });

  it.each(['HEAD'])('%s asks for what GET does', async (method) => {
    expect(await send(method, `${THINGS}/a`)).toMatchObject({ status: 200, text: '' });
    expect((await send(method, `${THINGS}/none`)).status).toBe(404);
  });

  it('of a group that only definitions make has handlers of their own', async () => {
    expect((await send('POST', API, {})).json).toMatchObject({ kind: 'APIResourceList' });
    expect(await send('GET', '/apis/example.com/v0')).toMatchObject({
      status: 404,
      text: '404 page not found\n',
    });
  });

  it('of their scale is validated as the object is', async () => {
    const { json } = await send('PATCH', `${THINGS}/a/scale`, { spec: { replicas: -1 } }, MERGE);
    expect(json.details).toMatchObject({ kind: 'Thing', causes: [{ field: '.spec.replicas' }] });
  });
});

it.each([
  ['v1', null],
  ['v1beta1', '299 - "example.com/v1beta1 Thing is deprecated; use example.com/v1 Thing"'],
  ['v1alpha1', '299 - "do not use this"'],
])('whoever asks for %s is warned: %s', async (name, warning) => {
  const path = `/apis/example.com/${name}/namespaces/default/things`;
  for (const asked of [path, `${path}/a`, `${path}/none`]) {
    expect((await send('GET', asked)).warning).toBe(warning);
  }
  const body = { apiVersion: `example.com/${name}`, kind: 'Thing', metadata: { name: 'b' } };
  expect((await send('POST', `${path}?dryRun=All`, body)).warning).toBe(warning);
});
