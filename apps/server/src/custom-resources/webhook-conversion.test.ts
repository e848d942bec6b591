import { customResourceDefinitionKind } from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startTestApiServer, type TestApiServer } from '../http/testing/test-api-server';
import type { HookCall, HookClient } from '../webhooks/hook-client';

const GROUP = 'far.example.com';
type Thing = KubeObject & { size?: string; sizes?: string[] };
const type = (version: string) => ({
  group: GROUP,
  version,
  kind: 'Thing',
  plural: 'things',
  namespaced: true,
});
const [v1, v2] = [type('v1'), type('v2')];

// biome-ignore lint/suspicious/noExplicitAny: reviews are looked into at many places.
type Review = any;

/** v1 has a text `size`, v2 a list `sizes`. */
class FakeConversion implements HookClient {
  questions: number[] = [];
  broken: ((objects: Review[]) => object) | undefined;

  async call({ body }: HookCall): Promise<unknown> {
    const { kind, apiVersion, request } = body as Review;
    this.questions.push(request.objects.length);
    const convertedObjects = request.objects.map(({ size, sizes, ...rest }: Review) => ({
      ...rest,
      apiVersion: request.desiredAPIVersion,
      ...(request.desiredAPIVersion.endsWith('v2')
        ? { sizes: size?.split(',') }
        : { size: sizes?.join(',') }),
    }));
    const answer = this.broken?.(convertedObjects) ?? { result: { status: 'Success' }, convertedObjects };
    return { kind, apiVersion, response: { uid: request.uid, ...answer } };
  }
}

const hooks = new FakeConversion();
let server: TestApiServer;

const version = (name: string, storage: boolean, properties: object) => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: { type: 'object', properties } as object },
  selectableFields: name === 'v1' ? [{ jsonPath: '.size' }] : [],
});

beforeAll(async () => {
  server = await startTestApiServer({ hooks });
  await server.client.create(namespaceKind, { metadata: { name: 'one' } });
  await server.client.create(customResourceDefinitionKind, {
    metadata: { name: `things.${GROUP}` },
    spec: {
      group: GROUP,
      names: { plural: 'things', kind: 'Thing' },
      scope: 'Namespaced',
      versions: [
        version('v1', true, { size: { type: 'string' } }),
        version('v2', false, { sizes: { type: 'array', items: { type: 'string' } } }),
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: {
          clientConfig: { service: { namespace: 'one', name: 'convert' } },
          conversionReviewVersions: ['v1'],
        },
      },
    },
  });
  await vi.waitFor(() => server.client.list(v2), { timeout: 10_000 });
});
afterAll(() => server.stop());
beforeEach(() => {
  hooks.questions = [];
  hooks.broken = undefined;
});

const make = (name: string, size: string): Promise<Thing> => {
  const thing: Thing = {
    metadata: { name, namespace: 'one' },
    size,
    kind: 'Thing',
    apiVersion: `${GROUP}/v1`,
  };
  return server.client.create<Thing>(v1, thing);
};
const ref = (name: string) => ({ name, namespace: 'one' });

it('is not asked about objects in the version that they are stored in', async () => {
  expect(await make('a', '1,2')).toMatchObject({ size: '1,2' });
  expect(await server.client.get(v1, ref('a'))).toMatchObject({ size: '1,2' });
  expect(hooks.questions).toEqual([]);
});

it('converts what is read, written and watched in another version', async () => {
  await make('b', '3');
  expect(await server.client.get(v2, ref('b'))).toMatchObject({ apiVersion: `${GROUP}/v2`, sizes: ['3'] });
  const made: Thing = { metadata: ref('c'), kind: 'Thing', apiVersion: `${GROUP}/v2`, sizes: ['4', '5'] };
  expect(await server.client.create<Thing>(v2, made)).toMatchObject({ sizes: ['4', '5'] });
  expect(await server.client.get(v1, ref('c'))).toMatchObject({ size: '4,5' });
  const patch = { type: 'merge', body: { sizes: ['6'] } } as const;
  expect(await server.client.patch(v2, ref('c'), patch)).toMatchObject({ sizes: ['6'] });
  expect(await server.client.get(v1, ref('c'))).toMatchObject({ size: '6' });
  const { metadata } = await server.client.list(v2, { namespace: 'one' });
  await make('d', '7,8');
  await server.client.delete(v1, ref('d'));
  const seen: unknown[] = [];
  for await (const event of server.client.watch<Thing>(v2, {
    resourceVersion: metadata.resourceVersion ?? '',
  })) {
    seen.push([event.type, event.object.apiVersion, event.object.sizes]);
    if (seen.length === 2) break;
  }
  expect(seen).toEqual([
    ['ADDED', `${GROUP}/v2`, ['7', '8']],
    ['DELETED', `${GROUP}/v2`, ['7', '8']],
  ]);
});

it('is asked once for a whole list, and not again', async () => {
  await make('e', '9');
  await make('f', '10');
  await server.client.list(v2);
  await server.client.list(v2);
  expect(hooks.questions).toHaveLength(1);
});

it.each([
  ['says no', () => ({ result: { status: 'Failure', message: 'cannot' } }), 'failed: cannot'],
  [
    'loses objects',
    () => ({ result: { status: 'Success' }, convertedObjects: [] }),
    'returned 0 objects, expected 1',
  ],
  [
    'makes another object',
    ([object]: Review[]) => ({
      result: { status: 'Success' },
      convertedObjects: [{ ...object, metadata: { ...object.metadata, name: 'other' } }],
    }),
    'returned invalid converted object at index 0: must have the same name: ',
  ],
])('fails a request when it %s', async (how, broken, words) => {
  const name = `g-${how.split(' ').pop()}`;
  await make(name, '1');
  hooks.broken = broken;
  await expect(server.client.get(v2, ref(name))).rejects.toMatchObject({
    code: 500,
    message: expect.stringContaining(`conversion webhook for ${GROUP}/v1, Kind=Thing ${words}`),
  });
  hooks.broken = undefined;
  expect(await server.client.get(v2, ref(name))).toMatchObject({ sizes: ['1'] });
});

it('converts what was stored under a version that is not the storage version any more', async () => {
  await make('h', '11');
  const definition = await server.client.get(customResourceDefinitionKind, { name: `things.${GROUP}` });
  const versions = definition.spec.versions.map((one) => ({ ...one, storage: one.name === 'v2' }));
  const changed = await server.client.update(customResourceDefinitionKind, {
    ...definition,
    spec: { ...definition.spec, versions },
  });
  expect(changed.status?.storedVersions).toEqual(['v1', 'v2']);
  await vi.waitFor(
    async () => {
      await server.client.patch(v1, ref('h'), {
        type: 'merge',
        body: { metadata: { labels: { at: String(Date.now()) } } },
      });
      hooks.questions = [];
      expect(await server.client.get(v2, ref('h'))).toMatchObject({ sizes: ['11'] });
      // Written under the new version, it needs no conversion to be read in it.
      expect(hooks.questions).toEqual([]);
    },
    { timeout: 10_000 },
  );
  expect(await server.client.get(v1, ref('h'))).toMatchObject({ size: '11' });
  expect(await server.client.get(v1, ref('a'))).toMatchObject({ size: '1,2' });
  await server.client.delete(v2, ref('a'));
});

it('lets fields of a converted version be selected', async () => {
  const { items } = await server.client.list<Thing>(v1, { namespace: 'one', fieldSelector: 'size=6' });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['c']);
});
