import type { MutatingWebhook, RuleWithOperations } from 'kubernetes-types/admissionregistration/v1';
import { afterAll, expect } from 'vitest';
import { Customs, type Definition, define, definitionOf, version } from '../support/definitions';
import { type Hooks, hooksOf, stopHooks } from '../support/hooks';
import { type Cluster, conformance as named, type Stage } from '../support/suite';

type Configurations = 'mutatingwebhookconfigurations' | 'validatingwebhookconfigurations';
interface Hooked extends Stage {
  readonly hooks: Hooks;
}

let cluster: Cluster | undefined;

/** The tests of this area share one server of webhooks. */
const conformance = (name: string, test: (stage: Hooked) => Promise<void>) =>
  named(
    `[sig-api-machinery] AdmissionWebhook [Privileged:ClusterAdmin] ${name} [Conformance]`,
    async (stage) => {
      cluster = stage.cluster;
      await test({ ...stage, hooks: await hooksOf(stage.cluster) });
    },
    240,
  );

const rule = (
  operations: string[],
  resources: string[],
  group = '',
  versions = ['v1'],
): RuleWithOperations => ({
  operations,
  apiGroups: [group],
  apiVersions: versions,
  // Missing in the published types.
  ...{ resources },
});

/** A webhook that is asked about the test's own namespace, and about what carries its mark. */
function hook(
  stage: Hooked,
  path: string,
  rules: RuleWithOperations[],
  more: Partial<MutatingWebhook> = {},
): MutatingWebhook {
  return {
    name: `${path.slice(1)}.${stage.unique}.example.com`,
    clientConfig: stage.hooks.at(path),
    rules,
    sideEffects: 'None',
    admissionReviewVersions: ['v1', 'v1beta1'],
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': stage.space.name } },
    ...more,
  };
}

/** Configures webhooks for the time of the test. */
async function configure(
  stage: Hooked,
  kind: Configurations,
  ...webhooks: MutatingWebhook[]
): Promise<string> {
  const name = `${stage.unique}-${kind.slice(0, 3)}`;
  await stage.wide.create(kind, { metadata: { name, labels: { test: stage.unique } }, webhooks });
  stage.cleanUp(() => stage.wide.remove(kind, name));
  return name;
}

const configMap = (stage: Stage, name: string, data: Record<string, string> = {}) =>
  stage.space.create('configmaps', { metadata: { name }, data });

async function defined(stage: Hooked, more: Partial<Definition['spec']> = {}): Promise<Definition> {
  const definition = definitionOf(stage, more);
  await define(stage, definition);
  return definition;
}

const marked = { data: { verdict: 'deny' } };
const denied = 'denied the request: it is marked to be denied';
const stages = (stage: Hooked, rules: RuleWithOperations[]) => [
  hook(stage, '/first', rules),
  hook(stage, '/second', rules),
];

export function admissionWebhooks(): void {
  afterAll(() => cluster && stopHooks(cluster));
  denials();
  mutations();
  configurations();
  failures();
}

function denials(): void {
  conformance('should be able to deny pod and configmap creation', async (stage) => {
    const { space, pods, wide } = stage;
    await configure(
      stage,
      'validatingwebhookconfigurations',
      hook(stage, '/deny-marked', [
        rule(['CREATE', 'UPDATE', 'DELETE'], ['configmaps']),
        rule(['CREATE'], ['pods']),
      ]),
      hook(stage, '/hang-marked', [rule(['CREATE'], ['pods'])], { timeoutSeconds: 1 }),
    );
    const labels = { verdict: 'deny' };
    await expect(space.create('pods', pods.idle('denied', { labels }))).rejects.toThrow(denied);
    const hanging = pods.idle('hanging', { labels: { verdict: 'hang' } });
    await expect(space.create('pods', hanging)).rejects.toThrow('deadline');
    await expect(configMap(stage, 'denied', marked.data)).rejects.toThrow(denied);
    await configMap(stage, 'admitted');
    const change = (type: 'merge' | 'json') =>
      type === 'merge'
        ? space.patch('configmaps', 'admitted', marked)
        : space.change('configmaps', 'admitted', (map) => {
            map.data = marked.data;
          });
    await expect(change('json')).rejects.toThrow(denied);
    await expect(change('merge')).rejects.toThrow(denied);
    // Namespaces that the webhook does not select are none of its business.
    const elsewhere = `${stage.unique}-free`;
    await wide.create('namespaces', { metadata: { name: elsewhere } });
    stage.cleanUp(() => wide.remove('namespaces', elsewhere));
    const path = `/api/v1/namespaces/${elsewhere}/configmaps`;
    await stage.api.json(path, { method: 'POST', body: { metadata: { name: 'denied' }, ...marked } });
  });

  conformance('should be able to deny attaching pod', async (stage) => {
    const { space, pods, api } = stage;
    await space.start(pods.idle('p'));
    await configure(
      stage,
      'validatingwebhookconfigurations',
      hook(stage, '/deny-attach', [rule(['CONNECT'], ['pods/attach'])]),
    );
    const path = `${space.path('pods', 'p', 'attach')}?stdout=true&container=main`;
    const answer = await api.send(path, { method: 'POST' });
    expect(await answer.text()).toContain("attaching to pod 'p' is not allowed");
    await expect(api.socket(path, 'v4.channel.k8s.io')).rejects.toThrow('WebSocket');
  });

  conformance('should be able to deny custom resource creation, update and deletion', async (stage) => {
    const definition = await defined(stage);
    const things = new Customs(stage, definition, 'v1');
    await configure(
      stage,
      'validatingwebhookconfigurations',
      hook(stage, '/deny-marked', [rule(['CREATE', 'UPDATE', 'DELETE'], ['things'], definition.spec.group)]),
    );
    await expect(things.create('denied', marked)).rejects.toThrow(denied);
    await things.create('a', { data: { verdict: 'fine' } });
    await expect(things.patch('a', marked)).rejects.toThrow(denied);
    // What is marked already cannot be deleted until it is not any more.
    await stage.wide.remove('validatingwebhookconfigurations', `${stage.unique}-val`);
    await things.patch('a', marked);
    await configure(
      stage,
      'validatingwebhookconfigurations',
      hook(stage, '/deny-marked', [rule(['DELETE'], ['things'], definition.spec.group)]),
    );
    await expect(things.remove('a')).rejects.toThrow(denied);
    await things.patch('a', { data: { verdict: 'fine' } });
    await things.remove('a');
  });

  conformance('should deny crd creation', async (stage) => {
    await configure(
      stage,
      'validatingwebhookconfigurations',
      hook(stage, '/deny', [rule(['CREATE'], ['customresourcedefinitions'], 'apiextensions.k8s.io')], {
        objectSelector: { matchLabels: { test: stage.unique } },
        namespaceSelector: {},
      }),
    );
    const definition = definitionOf(stage);
    const mine = { ...definition, metadata: { ...definition.metadata, labels: { test: stage.unique } } };
    await expect(stage.wide.create('customresourcedefinitions', mine)).rejects.toThrow('nobody may');
    await define(stage, definition);
  });
}

function mutations(): void {
  conformance('should mutate configmap', async (stage) => {
    await configure(
      stage,
      'mutatingwebhookconfigurations',
      ...stages(stage, [rule(['CREATE'], ['configmaps'])]),
    );
    const { data } = await configMap(stage, 'x', { start: 'yes' });
    expect(data).toEqual({ start: 'yes', first: 'yes', second: 'yes' });
  });

  conformance('should mutate pod and apply defaults after mutation', async (stage) => {
    const { space, pods } = stage;
    await configure(
      stage,
      'mutatingwebhookconfigurations',
      hook(stage, '/add-container', [rule(['CREATE'], ['pods'])]),
    );
    const { spec } = await space.create('pods', pods.idle('p'));
    expect(spec?.initContainers).toMatchObject([
      {
        name: 'added',
        terminationMessagePath: '/dev/termination-log',
        terminationMessagePolicy: 'File',
        imagePullPolicy: 'Always',
      },
    ]);
  });

  conformance('should mutate custom resource', async (stage) => {
    const definition = await defined(stage);
    const rules = [rule(['CREATE'], ['things'], definition.spec.group)];
    await configure(stage, 'mutatingwebhookconfigurations', ...stages(stage, rules));
    const made = await new Customs(stage, definition, 'v1').create('x', { data: { start: 'yes' } });
    expect(made.data).toEqual({ start: 'yes', first: 'yes', second: 'yes' });
  });

  conformance('should mutate custom resource with pruning', async (stage) => {
    const text = { type: 'string' };
    const data = { type: 'object', properties: { start: text, first: text } };
    const schema = { openAPIV3Schema: { type: 'object', properties: { data } } };
    const definition = await defined(stage, { versions: [version('v1', { schema })] });
    const rules = [rule(['CREATE'], ['things'], definition.spec.group)];
    await configure(stage, 'mutatingwebhookconfigurations', ...stages(stage, rules));
    const made = await new Customs(stage, definition, 'v1').create('x', { data: { start: 'yes' } });
    expect(made.data).toEqual({ start: 'yes', first: 'yes' });
  });

  conformance('should mutate custom resource with different stored version', async (stage) => {
    const versions = (stored: string) =>
      ['v1', 'v2'].map((name) => version(name, { storage: name === stored }));
    const definition = await defined(stage, { versions: versions('v1') });
    const { group } = definition.spec;
    await configure(
      stage,
      'mutatingwebhookconfigurations',
      hook(stage, '/first', [rule(['CREATE', 'UPDATE'], ['things'], group, ['v1'])]),
    );
    const [v1, v2] = ['v1', 'v2'].map((name) => new Customs(stage, definition, name));
    await v1?.create('x', { data: { start: 'no' } });
    await stage.wide.patch('customresourcedefinitions', `things.${group}`, {
      spec: { versions: versions('v2') },
    });
    await stage.wide.until('customresourcedefinitions', `things.${group}`, ({ status }) =>
      status?.storedVersions?.includes('v2'),
    );
    const changed = await v2?.patch('x', { data: { start: 'yes' } });
    expect(changed).toMatchObject({ apiVersion: `${group}/v2`, data: { start: 'yes', first: 'yes' } });
  });
}

function configurations(): void {
  for (const kind of ['mutating', 'validating'] as const) {
    const plural: Configurations = `${kind}webhookconfigurations`;
    const path = kind === 'mutating' ? '/first' : '/deny-marked';
    const affects = (stage: Stage, name: string) =>
      kind === 'mutating'
        ? configMap(stage, name, { start: 'yes' }).then(({ data }) => data?.first === 'yes')
        : configMap(stage, name, marked.data).then(
            () => false,
            () => true,
          );

    conformance(`listing ${kind} webhooks should work`, async (stage) => {
      await configure(stage, plural, hook(stage, path, [rule(['CREATE'], ['configmaps'])]));
      const query = `?labelSelector=test%3D${stage.unique}`;
      expect(await stage.wide.list(plural, query)).toHaveLength(1);
      expect(await affects(stage, 'before')).toBe(true);
      await stage.wide.removeAll(plural, query);
      expect(await affects(stage, 'after')).toBe(false);
    });

    conformance(`patching/updating a ${kind} webhook should work`, async (stage) => {
      const name = await configure(stage, plural, hook(stage, path, [rule(['CREATE'], ['configmaps'])]));
      expect(await affects(stage, 'asked')).toBe(true);
      await stage.wide.change(plural, name, ({ webhooks }) => {
        const [first] = webhooks ?? [];
        if (first) first.rules = [rule(['UPDATE'], ['configmaps'])];
      });
      expect(await affects(stage, 'not-asked')).toBe(false);
      const operations = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }];
      await stage.wide.patch(plural, name, operations, { type: 'json' });
      expect(await affects(stage, 'asked-again')).toBe(true);
    });
  }

  conformance('should include webhook resources in discovery documents', async ({ api }) => {
    const group = 'admissionregistration.k8s.io';
    type Group = { name: string; versions: { groupVersion: string }[] };
    const { groups } = await api.json<{ groups: Group[] }>('/apis');
    const found = groups.find(({ name }) => name === group);
    expect(found?.versions.map(({ groupVersion }) => groupVersion)).toContain(`${group}/v1`);
    expect(await api.json<Group>(`/apis/${group}`)).toMatchObject({ name: group });
    const { resources } = await api.json<{ resources: { name: string }[] }>(`/apis/${group}/v1`);
    const names = resources.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['mutatingwebhookconfigurations', 'validatingwebhookconfigurations']),
    );
  });

  conformance(
    'should not be able to mutate or prevent deletion of webhook configuration objects',
    async (stage) => {
      const all = [
        rule(
          ['*'],
          ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
          'admissionregistration.k8s.io',
          ['*'],
        ),
      ];
      const mine = { objectSelector: { matchLabels: { test: stage.unique } }, namespaceSelector: {} };
      await configure(stage, 'validatingwebhookconfigurations', hook(stage, '/deny', all, mine));
      await configure(stage, 'mutatingwebhookconfigurations', hook(stage, '/mark', all, mine));
      for (const kind of ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'] as const) {
        const name = `${stage.unique}-other`;
        const labels = { test: stage.unique };
        const made = await stage.wide.create(kind, { metadata: { name, labels }, webhooks: [] });
        expect(made.metadata.labels).toEqual(labels);
        await stage.wide.remove(kind, name);
        await stage.wide.untilGone(kind, name);
      }
    },
  );
}

function failures(): void {
  conformance('should unconditionally reject operations on fail closed webhook', async (stage) => {
    const rules = [rule(['CREATE'], ['configmaps'])];
    const broken = hook(stage, '/allow', rules, { failurePolicy: 'Fail', timeoutSeconds: 5 });
    // Nobody can have vouched for the server by another authority.
    const { caBundle: _ca, ...clientConfig } = broken.clientConfig;
    await configure(stage, 'validatingwebhookconfigurations', { ...broken, clientConfig });
    await expect(configMap(stage, 'x')).rejects.toThrow('failed calling webhook');
  });

  conformance('should honor timeout', async (stage) => {
    const slow = async (more: Partial<MutatingWebhook>) => {
      const name = await configure(
        stage,
        'validatingwebhookconfigurations',
        hook(stage, '/slow', [rule(['CREATE'], ['configmaps'])], more),
      );
      const result = configMap(
        stage,
        `x-${more.timeoutSeconds ?? 'default'}-${more.failurePolicy}`.toLowerCase(),
      );
      const settledResult = await result.then(
        () => 'created',
        (error: Error) => error.message,
      );
      await stage.wide.remove('validatingwebhookconfigurations', name);
      return settledResult;
    };
    expect(await slow({ timeoutSeconds: 1, failurePolicy: 'Fail' })).toContain('context deadline exceeded');
    expect(await slow({ timeoutSeconds: 1, failurePolicy: 'Ignore' })).toBe('created');
    expect(await slow({ timeoutSeconds: 30, failurePolicy: 'Fail' })).toBe('created');
    expect(await slow({ failurePolicy: 'Fail' })).toBe('created');
  });
}
