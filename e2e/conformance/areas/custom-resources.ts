import type { JSONSchemaProps } from 'kubernetes-types/apiextensions/v1';
import { expect } from 'vitest';
import { Customs, type Definition, define, definitionOf, established, version } from '../support/definitions';
import { hooksOf } from '../support/hooks';
import { settled } from '../support/space';
import { conformance as named, type Stage } from '../support/suite';

const resources = (name: string, test: (stage: Stage) => Promise<void>) =>
  named(
    `[sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] ${name} [Conformance]`,
    test,
  );
const KIND = 'customresourcedefinitions';
const text = { type: 'string' };
const schemaOf = (properties: Record<string, JSONSchemaProps>) => ({
  openAPIV3Schema: { type: 'object', properties },
});

/** CustomResourceDefinition: itself, its status, defaults, watches and conversion. */
export function customResources(): void {
  definitions();
  defaults();
  watches();
  conversions();
}

function definitions(): void {
  resources(
    'Simple CustomResourceDefinition creating/deleting custom resource definition objects works',
    async (stage) => {
      const definition = definitionOf(stage);
      await stage.wide.create(KIND, definition);
      const name = definition.metadata?.name ?? '';
      await established(stage, name);
      await stage.wide.remove(KIND, name);
      await stage.wide.untilGone(KIND, name);
    },
  );

  resources(
    'Simple CustomResourceDefinition listing custom resource definition objects works',
    async (stage) => {
      const labels = { test: stage.unique };
      for (const plural of ['apples', 'pears', 'plums']) {
        const definition = definitionOf(stage, {
          names: { plural, kind: plural.toUpperCase(), singular: plural },
        });
        await define(stage, { ...definition, metadata: { ...definition.metadata, labels } });
      }
      const query = `?labelSelector=test%3D${stage.unique}`;
      expect(await stage.wide.list(KIND, query)).toHaveLength(3);
      await stage.wide.removeAll(KIND, query);
      await stage.wide.untilList(KIND, query, (items) => items.length === 0);
    },
  );

  resources(
    'Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works',
    async (stage) => {
      const definition = definitionOf(stage);
      await define(stage, definition);
      const { wide } = stage;
      const name = definition.metadata?.name ?? '';
      const condition = { type: 'Tried', status: 'True', reason: 'Test', message: 'set by hand' };
      await settled(async () => {
        const current = await wide.get(KIND, name, 'status');
        const conditions = [...(current.status?.conditions ?? []), condition];
        await stage.api.json(wide.path(KIND, name, 'status'), {
          method: 'PUT',
          body: { ...current, status: { ...current.status, conditions } },
        });
      });
      expect((await wide.get(KIND, name)).status?.conditions).toContainEqual(
        expect.objectContaining(condition),
      );
      await stage.api.patch(wide.path(KIND, name, 'status'), {
        metadata: { annotations: { tried: 'yes' } },
        spec: { scope: 'Cluster' },
      });
      const patched = await wide.get(KIND, name);
      expect(patched.spec.scope).toBe('Namespaced');
      expect(patched.status?.conditions).toContainEqual(expect.objectContaining(condition));
    },
  );

  resources('should include custom resource definition resources in discovery documents', async ({ api }) => {
    const group = 'apiextensions.k8s.io';
    type Group = { name: string; versions: { groupVersion: string }[] };
    const { groups } = await api.json<{ groups: Group[] }>('/apis');
    const found = groups.find(({ name }) => name === group);
    expect(found?.versions.map(({ groupVersion }) => groupVersion)).toContain(`${group}/v1`);
    const alone = await api.json<Group>(`/apis/${group}`);
    expect(alone.versions.map(({ groupVersion }) => groupVersion)).toContain(`${group}/v1`);
    const list = await api.json<{ resources: { name: string }[] }>(`/apis/${group}/v1`);
    expect(list.resources.map(({ name }) => name)).toContain(KIND);
  });
}

function defaults(): void {
  resources('custom resource defaulting for requests and from storage works', async (stage) => {
    const { api, wide } = stage;
    const definition = definitionOf(stage, {
      versions: [version('v1', { schema: schemaOf({ a: text, b: text }) })],
    });
    await define(stage, definition);
    const things = new Customs(stage, definition, 'v1');
    const stored = await things.create('x');
    expect([stored.a, stored.b]).toEqual([undefined, undefined]);
    const name = definition.metadata?.name ?? '';
    const defaultOf = (properties: Record<string, JSONSchemaProps>) =>
      wide.patch(
        KIND,
        name,
        [{ op: 'replace', path: '/spec/versions/0/schema', value: schemaOf(properties) }],
        { type: 'json' },
      );
    await defaultOf({ a: { ...text, default: 'A' }, b: text });
    // What was stored before is read with the default, and so it is watched.
    await settled(async () => expect((await things.get('x')).a).toBe('A'));
    for await (const { object } of api.watch<{ a?: string }>(things.path())) {
      expect(object.a).toBe('A');
      break;
    }
    await defaultOf({ a: { ...text, default: 'A' }, b: { ...text, default: 'B' } });
    await settled(async () =>
      expect(await things.create(`y-${Date.now()}`)).toMatchObject({ a: 'A', b: 'B' }),
    );
    const written = await things.patch('x', { b: 'mine' });
    expect(written).toMatchObject({ a: 'A', b: 'mine' });
    // Once it was written, the default stays when it is no more one.
    await defaultOf({ a: text, b: { ...text, default: 'B' } });
    await settled(async () => expect((await things.create(`z-${Date.now()}`)).a).toBeUndefined());
    expect((await things.get('x')).a).toBe('A');
  });
}

function watches(): void {
  named(
    '[sig-api-machinery] CustomResourceDefinition Watch [Privileged:ClusterAdmin] CustomResourceDefinition Watch watch on custom resource definition objects [Conformance]',
    async (stage) => {
      const definition = definitionOf(stage, { scope: 'Cluster' });
      await define(stage, definition);
      const things = new Customs(stage, definition, 'v1');
      const { metadata } = await stage.api.json<{ metadata: { resourceVersion: string } }>(things.path());
      for (const name of ['a', 'b']) await things.create(name);
      for (const name of ['a', 'b']) await things.patch(name, { note: 'changed' });
      for (const name of ['a', 'b']) await things.remove(name);
      const seen: string[] = [];
      const path = `${things.path()}?resourceVersion=${metadata.resourceVersion}`;
      for await (const { type, object } of stage.api.watch<{ metadata: { name: string } }>(path)) {
        seen.push(`${type} ${object.metadata.name}`);
        if (seen.length === 6) break;
      }
      expect(seen).toEqual(['ADDED', 'MODIFIED', 'DELETED'].flatMap((type) => [`${type} a`, `${type} b`]));
    },
  );
}

function conversions(): void {
  const conversion = (name: string, test: (stage: Stage, definition: Definition) => Promise<void>) =>
    named(
      `[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] ${name} [Conformance]`,
      async (stage) => {
        const hooks = await hooksOf(stage.cluster);
        const definition = definitionOf(stage, {
          versions: [
            version('v1', { schema: schemaOf({ hostPort: text }) }),
            version('v2', { storage: false, schema: schemaOf({ host: text, port: text }) }),
          ],
          conversion: {
            strategy: 'Webhook',
            webhook: { clientConfig: hooks.at('/convert'), conversionReviewVersions: ['v1', 'v1beta1'] },
          },
        });
        await define(stage, definition);
        await test(stage, definition);
      },
      240,
    );

  conversion('should be able to convert from CR v1 to CR v2', async (stage, definition) => {
    const [v1, v2] = [new Customs(stage, definition, 'v1'), new Customs(stage, definition, 'v2')];
    await v1.create('x', { hostPort: 'localhost:8080' });
    const converted = await v2.get('x');
    expect(converted).toMatchObject({ host: 'localhost', port: '8080' });
    expect(converted.hostPort).toBeUndefined();
    await v2.patch('x', { port: '9090' });
    expect(await v1.get('x')).toMatchObject({ hostPort: 'localhost:9090' });
  });

  conversion('should be able to convert a non homogeneous list of CRs', async (stage, definition) => {
    const [v1, v2] = [new Customs(stage, definition, 'v1'), new Customs(stage, definition, 'v2')];
    await v1.create('old', { hostPort: 'localhost:1' });
    const versions = definition.spec.versions.map((one) => ({ ...one, storage: one.name === 'v2' }));
    await stage.wide.patch(KIND, definition.metadata?.name ?? '', { spec: { versions } });
    await stage.wide.until(KIND, definition.metadata?.name ?? '', ({ status }) =>
      status?.storedVersions?.includes('v2'),
    );
    await v2.create('new', { host: 'localhost', port: '2' });
    const seen = (await v1.list()).map(({ metadata, hostPort, host }) => [metadata.name, hostPort, host]);
    expect(seen.sort()).toEqual([
      ['new', 'localhost:2', undefined],
      ['old', 'localhost:1', undefined],
    ]);
    const inV2 = (await v2.list()).map(({ metadata, host, port }) => [metadata.name, host, port]);
    expect(inV2.sort()).toEqual([
      ['new', 'localhost', '2'],
      ['old', 'localhost', '1'],
    ]);
  });
}
