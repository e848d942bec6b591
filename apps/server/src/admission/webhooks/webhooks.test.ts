import { mutatingWebhookConfigurationKind } from '@wheelhouse/shared/kinds/admissionregistration/mutating-webhook-configuration';
import { validatingWebhookConfigurationKind } from '@wheelhouse/shared/kinds/admissionregistration/validating-webhook-configuration';
import { customResourceDefinitionKind } from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type {
  MutatingWebhook,
  RuleWithOperations,
  ValidatingWebhook,
} from 'kubernetes-types/admissionregistration/v1';
import { Agent, fetch } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AuditRecord } from '../../audit/audit-sink';
import { sendObject } from '../../http/respond';
import { startTestApiServer, type TestApiServer } from '../../http/testing/test-api-server';
import type { HookCall, HookClient } from '../../webhooks/hook-client';
import { mutatingWebhooks } from './mutating-webhooks';
import { validatingWebhooks } from './validating-webhooks';

// biome-ignore lint/suspicious/noExplicitAny: reviews are looked into at many places.
type Review = any;

/** Answers for every webhook by the path that it is called at. */
class FakeHooks implements HookClient {
  readonly asked: { path: string; request: Review; timeoutSeconds: number }[] = [];
  readonly answers = new Map<string, (request: Review) => object | Error>();

  async call({ target, body, timeoutSeconds }: HookCall): Promise<unknown> {
    const path = target.service?.path ?? '';
    const { apiVersion, kind, request } = body as Review;
    this.asked.push({ path, request: structuredClone(request), timeoutSeconds });
    const answer = this.answers.get(path)?.(request) ?? { allowed: true };
    if (answer instanceof Error) throw answer;
    return { apiVersion, kind, response: { uid: request.uid, ...answer } };
  }

  paths(): string[] {
    return this.asked.map(({ path }) => path);
  }
}

let hooks: FakeHooks;
const records: AuditRecord[] = [];
let server: TestApiServer;

beforeAll(async () => {
  hooks = new FakeHooks();
  server = await startTestApiServer({
    admission: [mutatingWebhooks(hooks), validatingWebhooks(hooks)],
    audit: { record: (record) => void records.push(record), flush: async () => {}, close: async () => {} },
  });
  await server.client.create(namespaceKind, { metadata: { name: 'one', labels: { hooked: 'yes' } } });
  await server.client.create(namespaceKind, { metadata: { name: 'two' } });
});
afterAll(() => server.stop());
afterEach(async () => {
  await removeAll(mutatingWebhookConfigurationKind);
  await removeAll(validatingWebhookConfigurationKind);
  hooks.asked.length = 0;
  hooks.answers.clear();
});

async function removeAll<T extends KubeObject>(kind: ResourceType<T>): Promise<void> {
  for (const { metadata } of (await server.client.list(kind)).items)
    await server.client.delete(kind, metadata);
}

const rule = (resources: string[], operations: string[], groups = ['']): RuleWithOperations => ({
  apiGroups: groups,
  apiVersions: ['v1'],
  operations,
  ...{ resources },
});
const webhook = (path: string, rules: RuleWithOperations[], more: Partial<MutatingWebhook> = {}) => ({
  name: `${path.slice(1)}.hooks.example.com`,
  clientConfig: { service: { name: 'hooks', namespace: 'one', path } },
  rules,
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const mutating = (name: string, ...webhooks: MutatingWebhook[]) =>
  server.client.create(mutatingWebhookConfigurationKind, { metadata: { name }, webhooks });
const validating = (name: string, ...webhooks: ValidatingWebhook[]) =>
  server.client.create(validatingWebhookConfigurationKind, { metadata: { name }, webhooks });
const patching = (patch: object[]) => () => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
});
const configMap = (name: string, namespace = 'one', data: Record<string, string> = {}) =>
  server.client.create(configMapKind, { metadata: { name, namespace }, data });

describe('mutating webhooks', () => {
  it('change what is written, in the order of their names, and what they make is defaulted', async () => {
    hooks.answers.set(
      '/a',
      patching([{ op: 'add', path: '/spec/containers/1', value: { name: 'b', image: 'b' } }]),
    );
    hooks.answers.set('/b', patching([{ op: 'add', path: '/metadata/labels', value: { seen: 'yes' } }]));
    await mutating('second', webhook('/b', [rule(['pods'], ['CREATE'])]));
    await mutating('first', webhook('/a', [rule(['pods'], ['CREATE'])]));
    const pod = await server.client.create(podKind, {
      metadata: { name: 'p', namespace: 'one' },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    });
    expect(hooks.paths()).toEqual(['/a', '/b']);
    expect(pod.metadata.labels).toEqual({ seen: 'yes' });
    expect(pod.spec?.containers[1]).toMatchObject({
      name: 'b',
      imagePullPolicy: 'Always',
      terminationMessagePath: '/dev/termination-log',
    });
  });

  it('are told what is asked for', async () => {
    await mutating('first', webhook('/a', [rule(['configmaps'], ['*'])], { timeoutSeconds: 3 }));
    await configMap('told');
    await server.client.delete(configMapKind, { name: 'told', namespace: 'one' });
    const [created, deleted] = hooks.asked;
    expect(created).toMatchObject({
      timeoutSeconds: 3,
      request: {
        kind: { group: '', version: 'v1', kind: 'ConfigMap' },
        resource: { group: '', version: 'v1', resource: 'configmaps' },
        requestKind: { group: '', version: 'v1', kind: 'ConfigMap' },
        name: 'told',
        namespace: 'one',
        operation: 'CREATE',
        userInfo: { username: 'admin', groups: ['system:masters', 'system:authenticated'] },
        object: { kind: 'ConfigMap', apiVersion: 'v1' },
        oldObject: null,
        dryRun: false,
        options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      },
    });
    expect(deleted?.request).toMatchObject({
      operation: 'DELETE',
      object: null,
      oldObject: { kind: 'ConfigMap' },
    });
  });

  it('leave in the audit what they have done and what they say', async () => {
    await mutating('m', webhook('/a', [rule(['configmaps'], ['CREATE'])]), {
      ...webhook('/b', [rule(['configmaps'], ['CREATE'])]),
      failurePolicy: 'Ignore',
    });
    await validating('v', webhook('/c', [rule(['configmaps'], ['CREATE'])]));
    hooks.answers.set('/a', patching([{ op: 'add', path: '/data', value: { a: '1' } }]));
    hooks.answers.set('/b', () => new Error('away'));
    hooks.answers.set('/c', () => ({
      allowed: false,
      auditAnnotations: { risk: 'high', odd: 7 },
      status: { message: 'no' },
    }));
    await expect(configMap('noted')).rejects.toThrow('no');
    expect(records.find(({ name }) => name === 'noted')?.annotations).toEqual({
      'mutation.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"m","webhook":"a.hooks.example.com","mutated":true}',
      'failed-open.mutation.webhook.admission.k8s.io/round_0_index_1': 'b.hooks.example.com',
      'c.hooks.example.com/risk': 'high',
    });
  });

  it('see the object again when it was changed after them, if they want to', async () => {
    hooks.answers.set('/b', (request) =>
      request.object.data?.b
        ? { allowed: true }
        : patching([{ op: 'add', path: '/data', value: { b: 'b' } }])(),
    );
    const rules = [rule(['configmaps'], ['CREATE'])];
    await mutating(
      'order',
      webhook('/a', rules, { reinvocationPolicy: 'IfNeeded' }),
      webhook('/b', rules),
      webhook('/c', rules, { reinvocationPolicy: 'IfNeeded' }),
    );
    await configMap('again');
    expect(hooks.paths()).toEqual(['/a', '/b', '/c', '/a']);
  });

  it('cannot write what the request could not', async () => {
    hooks.answers.set(
      '/a',
      patching([
        { op: 'add', path: '/status', value: { replicas: 7 } },
        { op: 'add', path: '/metadata/uid', value: 'x' },
      ]),
    );
    await mutating('first', webhook('/a', [rule(['deployments'], ['CREATE'], ['apps'])]));
    const made = await server.client.create(deploymentKind, {
      metadata: { name: 'd', namespace: 'one' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    });
    expect(made.status?.replicas).toBeUndefined();
    expect(made.metadata.uid).not.toBe('x');
  });

  it('make an invalid object that is refused', async () => {
    hooks.answers.set('/a', patching([{ op: 'add', path: '/data', value: { 'no key': 'x' } }]));
    await mutating('first', webhook('/a', [rule(['configmaps'], ['CREATE'])]));
    await expect(configMap('wrong')).rejects.toMatchObject({ code: 422, reason: 'Invalid' });
  });

  it('answer a patch that cannot be carried out: an internal error', async () => {
    hooks.answers.set('/a', patching([{ op: 'replace', path: '/nowhere/at/all', value: 1 }]));
    await mutating('first', webhook('/a', [rule(['configmaps'], ['CREATE'])], { failurePolicy: 'Ignore' }));
    await expect(configMap('unpatched')).rejects.toMatchObject({ code: 500 });
  });

  it('see and change the Scale of what is scaled', async () => {
    hooks.answers.set('/s', patching([{ op: 'replace', path: '/spec/replicas', value: 5 }]));
    await mutating('scale', webhook('/s', [rule(['*/scale'], ['UPDATE'], ['apps'])]));
    await server.client.patch(
      deploymentKind,
      { name: 'd', namespace: 'one' },
      { type: 'merge', body: { spec: { replicas: 2 } } },
      { subresource: 'scale' },
    );
    expect(hooks.asked[0]?.request).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'apps', resource: 'deployments' },
      subResource: 'scale',
      object: { kind: 'Scale', spec: { replicas: 2 } },
    });
    const scaled = await server.client.get(deploymentKind, { name: 'd', namespace: 'one' });
    expect(scaled.spec?.replicas).toBe(5);
    // A request that changes nothing does change something then.
    hooks.answers.set('/s', patching([{ op: 'replace', path: '/spec/replicas', value: 6 }]));
    await server.client.patch(
      deploymentKind,
      { name: 'd', namespace: 'one' },
      { type: 'merge', body: { spec: { replicas: 5 } } },
      { subresource: 'scale' },
    );
    const again = await server.client.get(deploymentKind, { name: 'd', namespace: 'one' });
    expect(again.spec?.replicas).toBe(6);
    expect(again.metadata.generation).toBe((scaled.metadata.generation ?? 0) + 1);
  });
});

describe('validating webhooks', () => {
  const all = [rule(['configmaps'], ['*'])];

  it.each([
    [
      'says why',
      { message: 'no such thing', code: 403, reason: 'Forbidden' },
      403,
      'denied the request: no such thing',
    ],
    ['gives a reason', { reason: 'Nope' }, 400, 'denied the request: Nope'],
    ['gives none', undefined, 400, 'denied the request without explanation'],
    ['calls a no a success', { code: 200, message: 'odd' }, 400, 'denied the request: odd'],
  ])('refuse: one that %s', async (_how, status, code, words) => {
    hooks.answers.set('/v', () => ({ allowed: false, ...(status ? { status } : {}) }));
    await validating('v', webhook('/v', all));
    await expect(configMap('refused')).rejects.toMatchObject({
      code,
      message: `admission webhook "v.hooks.example.com" ${words}`,
    });
  });

  it('that cannot be reached are put up with, or not', async () => {
    hooks.answers.set('/v', () => new Error('Post "https://x": context deadline exceeded'));
    await validating('v', webhook('/v', all, { failurePolicy: 'Ignore' }));
    await configMap('open');
    await validating('w', webhook('/v', all));
    await expect(configMap('closed')).rejects.toMatchObject({
      code: 500,
      message:
        'Internal error occurred: failed calling webhook "v.hooks.example.com": failed to call webhook: Post "https://x": context deadline exceeded',
    });
  });

  it('that answer something else count as not reached', async () => {
    hooks.answers.set('/v', () => ({ allowed: true, uid: 'other' }));
    await validating('v', webhook('/v', all));
    await expect(configMap('odd')).rejects.toMatchObject({
      message: expect.stringContaining('expected response.uid='),
    });
  });

  it('are asked by namespace, by object and by condition', async () => {
    await validating(
      'v',
      webhook('/ns', all, { namespaceSelector: { matchLabels: { hooked: 'yes' } } }),
      webhook('/object', all, { objectSelector: { matchLabels: { mark: 'x' } } }),
      webhook('/cel', all, {
        matchConditions: [
          { name: 'two', expression: 'request.namespace == "two" && request.operation == "CREATE"' },
        ],
      }),
    );
    await configMap('selected-one');
    expect(hooks.paths()).toEqual(['/ns']);
    hooks.asked.length = 0;
    await configMap('selected-two', 'two');
    expect(hooks.paths()).toEqual(['/cel']);
    hooks.asked.length = 0;
    await server.client.patch(
      configMapKind,
      { name: 'selected-two', namespace: 'two' },
      { type: 'merge', body: { metadata: { labels: { mark: 'x' } } } },
    );
    expect(hooks.paths()).toEqual(['/object']);
  });

  it('whose conditions cannot be told are handled by their failure policy', async () => {
    const matchConditions = [{ name: 'broken', expression: 'object.nowhere.at.all == 1' }];
    await validating('v', webhook('/v', all, { matchConditions, failurePolicy: 'Ignore' }));
    await configMap('ignored');
    expect(hooks.asked).toEqual([]);
    await validating('w', webhook('/v', all, { matchConditions }));
    await expect(configMap('closed')).rejects.toMatchObject({ code: 403, reason: 'Forbidden' });
  });

  it('are asked about dry runs only if these have no side effects', async () => {
    await validating('v', webhook('/v', all, { sideEffects: 'NoneOnDryRun' }));
    await server.client.create(
      configMapKind,
      { metadata: { name: 'dry', namespace: 'one' } },
      { dryRun: true },
    );
    expect(hooks.asked[0]?.request).toMatchObject({ dryRun: true, options: { dryRun: ['All'] } });
  });

  it('are asked about evictions and bindings as what was posted', async () => {
    const rules = [rule(['pods/binding', 'pods/eviction'], ['CREATE'])];
    await validating('v', webhook('/v', rules));
    const ref = { name: 'bound', namespace: 'one' };
    await server.client.create(podKind, { metadata: ref, spec: { containers: [{ name: 'a', image: 'a' }] } });
    const binding: KubeObject & { target: object } = { metadata: ref, target: { kind: 'Node', name: 'n' } };
    await server.client.createSubresource(podKind, ref, 'binding', binding);
    await server.client.createSubresource(podKind, ref, 'eviction', { metadata: ref });
    expect(
      hooks.asked.map(({ request }) => [
        request.operation,
        request.subResource,
        request.kind,
        request.object.kind,
        request.oldObject,
      ]),
    ).toEqual([
      ['CREATE', 'binding', { group: '', version: 'v1', kind: 'Binding' }, 'Binding', null],
      ['CREATE', 'eviction', { group: 'policy', version: 'v1', kind: 'Eviction' }, 'Eviction', null],
    ]);
  });

  it('see and change what a subresource makes that is stored nowhere', async () => {
    const kind = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
    server.api.addSubresource({
      group: '',
      plural: 'serviceaccounts',
      subresource: 'token',
      methods: ['POST'],
      async handle(_request, _req, res, admit) {
        const asked = {
          kind: kind.kind,
          metadata: { name: 'a', namespace: 'one' },
          spec: { audiences: ['x'] },
        };
        sendObject(res, 201, { ...(await admit(asked, kind)), apiVersion: 'authentication.k8s.io/v1' });
      },
    });
    await mutating('m', webhook('/m', [rule(['serviceaccounts/token'], ['CREATE'])]));
    hooks.answers.set('/m', patching([{ op: 'replace', path: '/spec/audiences/0', value: 'only-this' }]));
    const agent = new Agent({ connect: { ca: server.ca } });
    const ask = () =>
      fetch(`${server.baseUrl}/api/v1/namespaces/one/serviceaccounts/a/token`, {
        method: 'POST',
        dispatcher: agent,
        headers: { authorization: `Bearer ${server.token}` },
      });
    expect(await (await ask()).json()).toMatchObject({ spec: { audiences: ['only-this'] } });
    expect(hooks.asked[0]?.request).toMatchObject({
      operation: 'CREATE',
      subResource: 'token',
      kind,
      resource: { resource: 'serviceaccounts' },
    });
    hooks.answers.set('/m', () => ({ allowed: false, status: { message: 'no tokens' } }));
    const refused = await ask();
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('no tokens')]);
    await agent.close();
  });

  it('are never asked about configurations of webhooks', async () => {
    hooks.answers.set('/v', () => ({ allowed: false }));
    await validating('v', webhook('/v', [{ ...rule(['*/*'], ['*'], ['*']), apiVersions: ['*'] }]));
    await server.client.patch(
      validatingWebhookConfigurationKind,
      { name: 'v' },
      { type: 'merge', body: { metadata: { labels: { a: 'b' } } } },
    );
    expect(hooks.asked).toEqual([]);
  });

  it('are asked in the version that they name, for objects that are served in several', async () => {
    await server.client.create(customResourceDefinitionKind, {
      metadata: { name: 'things.hooks.example.com' },
      spec: {
        group: 'hooks.example.com',
        names: { plural: 'things', kind: 'Thing' },
        scope: 'Namespaced',
        versions: ['v1', 'v2'].map((name) => ({
          name,
          served: true,
          storage: name === 'v1',
          schema: { openAPIV3Schema: { type: 'object', properties: { size: { type: 'integer' } } } },
        })),
      },
    });
    const rules = [{ ...rule(['things'], ['CREATE'], ['hooks.example.com']), apiVersions: ['v1'] }];
    await mutating('exact', webhook('/exact', rules, { matchPolicy: 'Exact' }));
    await mutating('same', webhook('/same', rules));
    hooks.answers.set('/same', patching([{ op: 'add', path: '/size', value: 3 }]));
    const type = {
      group: 'hooks.example.com',
      version: 'v2',
      kind: 'Thing',
      plural: 'things',
      namespaced: true,
    };
    const thing = {
      kind: 'Thing',
      apiVersion: 'hooks.example.com/v2',
      metadata: { name: 't', namespace: 'one' },
    };
    await vi.waitFor(() => server.client.list(type), { timeout: 10_000 });
    const made: KubeObject & { size?: number } = await server.client.create(type, thing);
    expect(hooks.paths()).toEqual(['/same']);
    expect(hooks.asked[0]?.request).toMatchObject({
      kind: { version: 'v1' },
      requestKind: { version: 'v2' },
      object: { apiVersion: 'hooks.example.com/v1' },
    });
    expect(made).toMatchObject({ apiVersion: 'hooks.example.com/v2', size: 3 });
  });
});
