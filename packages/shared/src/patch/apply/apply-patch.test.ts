import { describe, expect, it } from 'vitest';
import { ApiError } from '../../errors';
import { deploymentKind } from '../../kinds/apps/deployment';
import { configMapKind } from '../../kinds/core/config-map';
import { decode } from '../../meta/decode';
import { isObject, type JsonObject } from '../../meta/json';
import { haveFacts, readJsonFact } from '../../testing/facts';
import { applyPatch } from './apply-patch';
import { fromFieldsV1, pathsOf, toFieldsV1 } from './field-set';
import { updateManagedFields } from './managed-fields';
import { rootNode } from './nodes';

const now = new Date('2026-01-01T00:00:00Z');
const map = { node: rootNode(configMapKind.schema), apiVersion: 'v1', now };
const config = (data?: Record<string, string>): JsonObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name: 'a' },
  ...(data ? { data } : {}),
});
const apply = (live: JsonObject | undefined, manager: string, data?: Record<string, string>, force = false) =>
  applyPatch(live, config(data), { ...map, manager, force });
const ownersOf = (object: JsonObject): Record<string, unknown> =>
  Object.fromEntries(
    ((object.metadata as JsonObject).managedFields as { manager: string; fieldsV1: JsonObject }[]).map(
      (entry) => [entry.manager, pathsOf(fromFieldsV1(entry.fieldsV1))],
    ),
  );

describe('applyPatch', () => {
  it('creates, shares equal values, and takes out what nobody applies any more', () => {
    const one = apply(undefined, 'one', { a: '1', b: '2' });
    expect(one.data).toEqual({ a: '1', b: '2' });
    expect(ownersOf(one)).toEqual({ one: ['.data.a', '.data.b'] });
    const both = apply(one, 'two', { b: '2', c: '3' });
    expect(ownersOf(both)).toEqual({ one: ['.data.a', '.data.b'], two: ['.data.b', '.data.c'] });
    const less = apply(both, 'one');
    expect(less.data).toEqual({ b: '2', c: '3' });
    expect(ownersOf(less)).toEqual({ two: ['.data.b', '.data.c'] });
  });

  it('refuses to change what another has set, unless forced to', () => {
    const one = apply(undefined, 'one', { a: '1' });
    try {
      apply(one, 'two', { a: '2' });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: 409,
        message: 'Apply failed with 1 conflict: conflict with "one": .data.a',
        status: { details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }] } },
      });
    }
    const forced = apply(one, 'two', { a: '2' }, true);
    expect(forced.data).toEqual({ a: '2' });
    expect(ownersOf(forced)).toEqual({ two: ['.data.a'] });
  });

  it('leaves what is in a field that is applied as null, and gives up its own', () => {
    const one = apply(undefined, 'one', { a: '1' });
    const nothing = { ...config(), data: null };
    const both = applyPatch(one, nothing, { ...map, manager: 'two', force: false });
    expect(both.data).toEqual({ a: '1' });
    const after = applyPatch(one, nothing, { ...map, manager: 'one', force: false });
    expect(after.data ?? {}).toEqual({});
  });

  it('changes nothing when applied again, not even the time', () => {
    const one = apply(undefined, 'one', { a: '1' });
    const later = { ...map, now: new Date('2027-01-01T00:00:00Z') };
    expect(applyPatch(one, config({ a: '1' }), { ...later, manager: 'one', force: false })).toEqual(one);
  });

  it('keeps the name of an element that others hold on to', () => {
    const options = { node: rootNode(deploymentKind.schema), apiVersion: 'apps/v1', now, force: false };
    const containers = (list: object[]) => ({ spec: { template: { spec: { containers: list } } } });
    const one = applyPatch(undefined, containers([{ name: 'c', image: 'i' }]), {
      ...options,
      manager: 'one',
    });
    const next = structuredClone(one);
    Object.assign(next, containers([{ name: 'c', image: 'i', workingDir: '/w' }]));
    (next.metadata as JsonObject).managedFields = updateManagedFields(one, next, {
      ...options,
      manager: 'editor',
    });
    const both = applyPatch(next, containers([{ name: 'c', workingDir: '/w' }]), {
      ...options,
      manager: 'two',
    });
    const rest = applyPatch(both, containers([]), { ...options, manager: 'one' });
    expect(rest).toMatchObject(containers([{ name: 'c', workingDir: '/w' }]));
    expect(JSON.stringify(rest.spec)).not.toContain('image');
    // To have changed something in it is not to hold on to it.
    const none = applyPatch(next, containers([]), { ...options, manager: 'one' });
    expect(JSON.stringify(none)).not.toContain('/w');
  });

  it('takes a field out with the defaults in it, once nobody owns anything of it', () => {
    const options = { node: rootNode(deploymentKind.schema), apiVersion: 'apps/v1', now, force: false };
    const spec = (fields: object) => ({ spec: { replicas: 1, ...fields } });
    const one = applyPatch(undefined, spec({ strategy: { rollingUpdate: { maxSurge: 1 } } }), {
      ...options,
      manager: 'one',
    });
    // Filled in by the server.
    Object.assign(
      one,
      spec({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }),
    );
    expect(applyPatch(one, spec({}), { ...options, manager: 'one' }).spec).toEqual({ replicas: 1 });
    const two = applyPatch(one, spec({ strategy: { type: 'RollingUpdate' } }), {
      ...options,
      manager: 'two',
    });
    expect(applyPatch(two, spec({}), { ...options, manager: 'one' }).spec).toEqual({
      replicas: 1,
      strategy: { type: 'RollingUpdate' },
    });
  });

  it('refuses managed fields and doubled elements', () => {
    const managed = { metadata: { managedFields: [{ manager: 'x' }] } };
    expect(() => applyPatch(undefined, managed, { ...map, manager: 'm', force: false })).toThrow(
      'must be nil',
    );
    const twice = { spec: { containers: [{ name: 'c' }, { name: 'c' }] } };
    const pod = {
      node: rootNode('io.k8s.api.core.v1.Pod'),
      apiVersion: 'v1',
      now,
      manager: 'm',
      force: false,
    };
    expect(() => applyPatch(undefined, twice, pod)).toThrow('duplicate entries for key');
  });

  it('lives with stored fields that make no sense', () => {
    const live: JsonObject = {
      ...config({ a: '1' }),
      metadata: {
        name: 'a',
        managedFields: [{ manager: 'x', operation: 'Apply', fieldsV1: { 'k:nonsense': 1, z: {} } }, 7],
      },
    };
    expect(apply(live, 'two', { a: '2' }).data).toEqual({ a: '2' });
  });
});

describe('updateManagedFields', () => {
  it('gives the writer what it changed and takes it from the others', () => {
    const one = apply(undefined, 'one', { a: '1', b: '2' });
    const next = { ...one, data: { a: '9', c: '3' } };
    const entries = updateManagedFields(one, next, { ...map, manager: 'editor' });
    expect(ownersOf({ metadata: { managedFields: entries } })).toEqual({ editor: ['.data.a', '.data.c'] });
  });

  it('writes fields as it reads them', () => {
    const fields = { 'f:a': { '.': {}, 'k:{"name":"c"}': { '.': {}, 'f:x': {} } }, 'f:b': {} };
    expect(toFieldsV1(fromFieldsV1(fields))).toEqual(fields);
    expect(pathsOf(fromFieldsV1(fields))).toEqual(['.a', '.a[name="c"]', '.a[name="c"].x', '.b']);
  });
});

interface Step {
  id: string;
  method: string;
  path: string;
  contentType?: string;
  body?: JsonObject;
}

describe.skipIf(!haveFacts)('the recorded story of a deployment with several appliers', () => {
  it('ends every step as on a real server', () => {
    const scenarios = readJsonFact('golden/cases/apply.json') as { id: string; steps: Step[] }[];
    const steps = scenarios.find(({ id }) => id === 'apply-deployment')?.steps ?? [];
    const recorded = readJsonFact('golden/recorded/apply-deployment.json') as {
      steps: { id: string; status: number; body: JsonObject }[];
    };
    let live: JsonObject | undefined;
    let applied = 0;
    for (const step of steps) {
      const golden = recorded.steps.find(({ id }) => id === step.id);
      if (step.contentType !== 'application/apply-patch+yaml' || !golden || golden.status === 422) {
        if (step.id === 'replicas-by-update' && live) {
          const next = structuredClone(live);
          (next.spec as JsonObject).replicas = 5;
          const managedFields = updateManagedFields(live, next, {
            manager: 'hpa',
            node: rootNode(deploymentKind.schema),
            apiVersion: 'apps/v1',
            now,
          });
          live = { ...next, metadata: { ...(next.metadata as JsonObject), managedFields } };
        }
        continue;
      }
      const query = new URL(step.path, 'http://localhost').searchParams;
      const subresource = /\/status\?/.test(step.path) ? 'status' : '';
      // As it was sent: whatever decoding fills in is nobody's.
      const attempt = () =>
        applyPatch(live, step.body as JsonObject, {
          manager: query.get('fieldManager') ?? '',
          force: query.get('force') === 'true',
          node: rootNode(deploymentKind.schema),
          apiVersion: 'apps/v1',
          ignored: [subresource ? 'spec' : 'status'],
          now,
        });
      if (golden.status === 409) {
        expect(attempt, step.id).toThrow(String(golden.body.message));
        expect(attempt, step.id).toThrow(ApiError);
        continue;
      }
      const object = decode(deploymentKind, attempt()).object;
      deploymentKind.default?.(object);
      live = object as unknown as JsonObject;
      applied++;
      const metadata = isObject(golden.body.metadata) ? golden.body.metadata : undefined;
      if (!metadata || !Array.isArray(metadata.managedFields)) continue;
      const essence = (entries: unknown) =>
        (entries as JsonObject[])
          .map(({ manager, operation, fieldsV1 }) => ({ manager, operation, fieldsV1 }))
          .sort((a, b) => String(a.manager).localeCompare(String(b.manager)));
      expect(essence((live.metadata as JsonObject).managedFields), step.id).toEqual(
        essence(metadata.managedFields),
      );
    }
    expect(applied).toBeGreaterThan(6);
  });
});
