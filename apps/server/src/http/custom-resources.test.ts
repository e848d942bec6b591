import { customResourceDefinitionKind } from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApiServer, type TestApiServer } from './testing/test-api-server';

let server: TestApiServer;
let agent: Agent;

beforeAll(async () => {
  server = await startTestApiServer();
  agent = new Agent({ connect: { ca: server.ca } });
  await server.client.create(namespaceKind, { metadata: { name: 'one' } });
});
afterAll(async () => {
  await agent.close();
  await server.stop();
});

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into at many places.
  readonly body: any;
  readonly warning: string | null;
}

async function ask(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
  const response = await fetch(server.baseUrl + path, {
    method,
    dispatcher: agent,
    headers: {
      authorization: `Bearer ${server.token}`,
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    body: isJson ? JSON.parse(text) : text,
    warning: response.headers.get('warning'),
  };
}

const SPEC = {
  type: 'object',
  properties: {
    size: { type: 'integer', minimum: 1, default: 1 },
    color: { type: 'string', enum: ['red', 'green'] },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    port: { 'x-kubernetes-int-or-string': true },
    parts: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['id'],
      items: {
        type: 'object',
        required: ['id'],
        properties: { id: { type: 'string' }, qty: { type: 'integer' } },
        'x-kubernetes-validations': [{ rule: 'self.qty >= oldSelf.qty', message: 'qty never shrinks' }],
      },
    },
  },
  'x-kubernetes-validations': [
    {
      rule: '!has(self.color) || self.color != "red" || self.size < 5',
      reason: 'FieldValueForbidden',
      fieldPath: '.size',
      message: 'red things are small',
    },
  ],
};

function definition(plural: string, change: (spec: Record<string, unknown>) => void = () => undefined) {
  const kind = plural[0]?.toUpperCase() + plural.slice(1, -1);
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: SPEC, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    },
  };
  const spec = {
    group: 'test.example.com',
    scope: 'Namespaced',
    names: { plural, kind },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema,
        subresources: { status: {} },
        selectableFields: [{ jsonPath: '.spec.color' }],
      },
      { name: 'v1beta1', served: true, storage: false, schema, subresources: { status: {} } },
    ],
  };
  change(spec);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.test.example.com` },
    spec,
  };
}

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const at = (plural: string, name = '', version = 'v1') =>
  `/apis/test.example.com/${version}/namespaces/one/${plural}${name ? `/${name}` : ''}`;
const thing = (kind: string, name: string, spec: object, more: object = {}) => ({
  apiVersion: 'test.example.com/v1',
  kind,
  metadata: { name },
  spec,
  ...more,
});

async function define(plural: string): Promise<void> {
  expect((await ask('POST', DEFINITIONS, definition(plural))).status).toBe(201);
}

describe('custom resources', () => {
  it('are served at once, found in discovery and described', async () => {
    await define('widgets');
    expect((await ask('GET', at('widgets'))).body.kind).toBe('WidgetList');
    const { body } = await ask('GET', '/apis/test.example.com/v1');
    expect(body.resources.map(({ name }: { name: string }) => name)).toContain('widgets/status');
    const openApi = await ask('GET', '/openapi/v3/apis/test.example.com/v1');
    expect(
      openApi.body.components.schemas['com.example.test.v1.Widget'].properties.spec.properties.size,
    ).toMatchObject({ minimum: 1 });
  });

  it('are completed, pruned and checked', async () => {
    await define('gadgets');
    const made = await ask(
      'POST',
      at('gadgets'),
      thing('Gadget', 'g', { free: { any: [1] }, odd: 1, color: 'green' }, { status: { x: 1 } }),
    );
    expect(made.status).toBe(201);
    expect(made.body.spec).toEqual({ free: { any: [1] }, color: 'green', size: 1 });
    expect(made.body.status).toBeUndefined();
    expect(made.warning).toContain('unknown field \\"spec.odd\\"');
    const strict = await ask(
      'POST',
      `${at('gadgets')}?fieldValidation=Strict`,
      thing('Gadget', 'h', { odd: 1 }),
    );
    expect(strict.status).toBe(400);
    const bad = await ask(
      'POST',
      at('gadgets'),
      thing('Gadget', 'h', { size: 0, color: 'blue', port: true, parts: [{ id: 'a' }, { id: 'a' }] }),
    );
    expect(bad.status).toBe(422);
    expect(bad.body.details.causes.map(({ field }: { field: string }) => field).sort()).toEqual([
      'spec.color',
      'spec.parts[1]',
      'spec.port',
      'spec.size',
    ]);
  });

  it('follow the rules of their definition', async () => {
    await define('rules');
    const red = await ask('POST', at('rules'), thing('Rule', 'r', { color: 'red', size: 9 }));
    expect(red.body.details.causes).toEqual([
      { reason: 'FieldValueForbidden', field: 'spec.size', message: 'Forbidden: red things are small' },
    ]);
    await ask('POST', at('rules'), thing('Rule', 'r', { parts: [{ id: 'a', qty: 2 }] }));
    const patch = (body: object) => ask('PATCH', at('rules', 'r'), body, 'application/merge-patch+json');
    const less = await patch({
      spec: {
        parts: [
          { id: 'new', qty: 0 },
          { id: 'a', qty: 1 },
        ],
      },
    });
    expect(less.body.details.causes).toMatchObject([{ field: 'spec.parts[1]' }]);
    expect(
      (
        await patch({
          spec: {
            parts: [
              { id: 'new', qty: 0 },
              { id: 'a', qty: 3 },
            ],
          },
        })
      ).status,
    ).toBe(200);
  });

  it('are seen in every served version, and selected by fields', async () => {
    await define('models');
    await ask('POST', at('models'), thing('Model', 'm', { color: 'green' }));
    const beta = await ask('GET', at('models', 'm', 'v1beta1'));
    expect(beta.body.apiVersion).toBe('test.example.com/v1beta1');
    const count = async (color: string) =>
      (await ask('GET', `${at('models')}?fieldSelector=spec.color%3D${color}`)).body.items.length;
    expect([await count('green'), await count('red')]).toEqual([1, 0]);
    expect((await ask('GET', at('models', 'm', 'v2'))).status).toBe(404);
  });

  it('count generations of what is wanted', async () => {
    await define('things');
    await ask('POST', at('things'), thing('Thing', 't', {}));
    const status = await ask(
      'PATCH',
      at('things', 't/status'),
      { status: { ready: true }, spec: { size: 3 } },
      'application/merge-patch+json',
    );
    expect(status.body).toMatchObject({
      metadata: { generation: 1 },
      spec: { size: 1 },
      status: { ready: true },
    });
    const main = await ask('PATCH', at('things', 't'), { spec: { size: 3 } }, 'application/merge-patch+json');
    expect(main.body).toMatchObject({ metadata: { generation: 2 }, status: { ready: true } });
    const strategic = await ask('PATCH', at('things', 't'), {}, 'application/strategic-merge-patch+json');
    expect(strategic.status).toBe(415);
  });

  it('share keyed lists between appliers, and write a list that one owns alone as one thing', async () => {
    await define('ships');
    const apply = (manager: string, parts: object[]) =>
      ask(
        'PATCH',
        `${at('ships', 's')}?fieldManager=${manager}`,
        thing('Ship', 's', { parts }),
        'application/apply-patch+yaml',
      );
    const partsOf = ({ body }: Answer) =>
      body.metadata.managedFields.map(({ fieldsV1 }: { fieldsV1: Record<string, object> }) =>
        Object.keys((fieldsV1['f:spec'] as Record<string, object>)['f:parts'] ?? {}),
      );
    expect(partsOf(await apply('one', [{ id: 'mast', qty: 1 }]))).toEqual([[]]);
    const both = await apply('two', [{ id: 'oar', qty: 8 }]);
    expect(both.body.spec.parts).toEqual([
      { id: 'mast', qty: 1 },
      { id: 'oar', qty: 8 },
    ]);
    expect(partsOf(both)).toEqual([
      ['.', 'k:{"id":"mast"}'],
      ['.', 'k:{"id":"oar"}'],
    ]);
    const conflict = await apply('two', [{ id: 'mast', qty: 2 }]);
    expect(conflict.body.details.causes).toMatchObject([{ field: '.spec.parts[id="mast"].qty' }]);
    expect((await apply('one', [])).body.spec.parts).toEqual([{ id: 'oar', qty: 8 }]);
  });

  it('go with their definition', async () => {
    await define('goners');
    await ask('POST', at('goners'), thing('Goner', 'g', {}));
    await ask('DELETE', `${DEFINITIONS}/goners.test.example.com`);
    const gone = await waitFor(
      async () => (await ask('GET', `${DEFINITIONS}/goners.test.example.com`)).status === 404,
    );
    expect(gone).toBe(true);
    expect((await ask('GET', at('goners'))).status).toBe(404);
    await define('goners');
    expect((await ask('GET', at('goners'))).body.items).toEqual([]);
  });

  it('wait for names that another definition holds', async () => {
    await define('firsts');
    const rival = definition('seconds', (spec) =>
      Object.assign(spec, { names: { plural: 'seconds', kind: 'First' } }),
    );
    await ask('POST', DEFINITIONS, rival);
    expect((await ask('GET', at('seconds'))).status).toBe(404);
    const { status } = await server.client.get(customResourceDefinitionKind, {
      name: 'seconds.test.example.com',
    });
    expect(status?.conditions).toMatchObject([
      { type: 'NamesAccepted', status: 'False', reason: 'ListKindConflict' },
      { type: 'Established', status: 'False' },
    ]);
  });
});

describe('definitions', () => {
  it.each([
    [
      'an unknown field in a rule',
      { 'x-kubernetes-validations': [{ rule: 'self.nope == 1' }] },
      'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule',
    ],
    [
      'a pattern that is none',
      { properties: { a: { type: 'string', pattern: '(' } } },
      'spec.validation.openAPIV3Schema.properties[spec].properties[a].pattern',
    ],
    [
      'a default that does not fit',
      { properties: { a: { type: 'string', default: 5 } } },
      'spec.validation.openAPIV3Schema.properties[spec].properties[a].default',
    ],
    [
      'a condition that gives a type',
      { anyOf: [{ required: ['x'], properties: { x: { type: 'integer' } } }] },
      'spec.validation.openAPIV3Schema.properties[spec].anyOf[0].properties[x].type',
    ],
  ])('with %s are refused', async (_what, part, field) => {
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', ...part } } } };
    const { status, body } = await ask(
      'POST',
      DEFINITIONS,
      definition('wrongs', (spec) =>
        Object.assign(spec, { versions: [{ name: 'v1', served: true, storage: true, schema }] }),
      ),
    );
    expect(status).toBe(422);
    expect(body.details.causes.map((cause: { field: string }) => cause.field)).toContain(field);
  });
});

/** Asks again, with a pause that the event loop sets, until it holds or five seconds have passed. */
async function waitFor(holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + 5000;
  while (performance.now() < end) if (await holds()) return true;
  return false;
}
