import { describe, expect, it } from 'vitest';
import { allKinds } from '../kinds/all';
import { isObject } from '../meta/json';
import { buildOpenApiV2 } from './v2';
import { encodeOpenApiV2 } from './v2-protobuf';
import { buildOpenApiV3, openApiV3Index, openApiV3Paths } from './v3';

const v2 = buildOpenApiV2(allKinds);

/** Every `$ref` within a value. */
function references(value: unknown, found = new Set<string>()): Set<string> {
  if (Array.isArray(value)) for (const item of value) references(item, found);
  else if (isObject(value)) {
    if (typeof value.$ref === 'string') found.add(value.$ref);
    for (const item of Object.values(value)) references(item, found);
  }
  return found;
}

describe('OpenAPI 2', () => {
  it('defines everything that it refers to', () => {
    for (const reference of references(v2)) {
      expect(v2.definitions, reference).toHaveProperty([reference.replace('#/definitions/', '')]);
    }
  });

  it('names the kinds, and the merge keys that clients patch by', () => {
    expect(v2.definitions['io.k8s.api.core.v1.Pod']).toMatchObject({
      'x-kubernetes-group-version-kind': [{ group: '', kind: 'Pod', version: 'v1' }],
    });
    const spec = v2.definitions['io.k8s.api.core.v1.PodSpec'];
    expect(spec?.properties).toHaveProperty('containers', {
      description: expect.stringContaining('List of containers'),
      type: 'array',
      items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' },
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
  });

  it('lets clients see that patches of each kind take dryRun and fieldValidation', () => {
    const patched = Object.values(v2.paths).flatMap((path) => (isObject(path.patch) ? [path.patch] : []));
    for (const kind of allKinds) {
      const gvk = { group: kind.group, kind: kind.kind, version: kind.version };
      expect(patched).toContainEqual(
        expect.objectContaining({
          'x-kubernetes-action': 'patch',
          'x-kubernetes-group-version-kind': gvk,
          parameters: expect.arrayContaining([
            expect.objectContaining({ name: 'dryRun', in: 'query' }),
            expect.objectContaining({ name: 'fieldValidation', in: 'query' }),
          ]),
        }),
      );
    }
  });

  it('gives every operation an id of its own', () => {
    const ids = Object.values(v2.paths).flatMap((path) =>
      Object.values(path).flatMap((operation) => (isObject(operation) ? [operation.operationId] : [])),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toContain('readAppsV1NamespacedDeploymentScale');
    for (const id of [
      'listCoreV1PodForAllNamespaces',
      'deleteCoreV1CollectionNamespacedPod',
      'readCoreV1NamespacedPodLog',
      'connectCoreV1GetNamespacedPodExec',
      'connectCoreV1HeadNamespacedServiceProxyWithPath',
      'connectCoreV1PatchNodeProxy',
      'patchCoreV1NamespacedPodEphemeralcontainers',
      'replaceCertificatesV1CertificateSigningRequestApproval',
      'getAppsV1APIResources',
      'getCoreAPIVersions',
    ]) {
      expect(ids).toContain(id);
    }
  });
});

/** Fields of a protobuf message: number → contents of each occurrence. */
function fields(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const found = new Map<number, Uint8Array[]>();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag % 8 === 0) varint();
    else {
      expect(tag % 8).toBe(2);
      const length = varint();
      const number = Math.floor(tag / 8);
      found.set(number, [...(found.get(number) ?? []), bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  expect(at).toBe(bytes.length);
  return found;
}

it('says something of every field, since kubectl explains no type with a field of which nothing is said', () => {
  const empty: string[] = [];
  const look = (schema: unknown, path: string): void => {
    if (!isObject(schema)) return;
    if (Object.keys(schema).length === 0) empty.push(path);
    for (const part of ['items', 'additionalProperties']) look(schema[part], `${path}.${part}`);
    if (isObject(schema.properties)) {
      for (const [name, field] of Object.entries(schema.properties)) look(field, `${path}.${name}`);
    }
  };
  for (const { group, version } of allKinds) {
    const { schemas } = buildOpenApiV3(allKinds, group, version).components;
    for (const [name, schema] of Object.entries(schemas)) look(schema, name);
  }
  expect(empty).toEqual([]);
});

it('writes the same document as protobuf', () => {
  const document = fields(encodeOpenApiV2(v2));
  const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
  expect(text(document.get(1)?.[0])).toBe('2.0');
  const definitions = fields(document.get(9)?.[0] ?? new Uint8Array()).get(1) ?? [];
  const names = definitions.map((definition) => text(fields(definition).get(1)?.[0]));
  expect(names).toEqual(Object.keys(v2.definitions));
  const pod = fields(definitions[names.indexOf('io.k8s.api.core.v1.Pod')] ?? new Uint8Array());
  const schema = fields(pod.get(2)?.[0] ?? new Uint8Array());
  const extension = fields(schema.get(31)?.[0] ?? new Uint8Array());
  expect(text(extension.get(1)?.[0])).toBe('x-kubernetes-group-version-kind');
  const yaml = fields(extension.get(2)?.[0] ?? new Uint8Array()).get(2)?.[0];
  expect(JSON.parse(text(yaml))).toEqual([{ group: '', kind: 'Pod', version: 'v1' }]);
  const paths = fields(document.get(8)?.[0] ?? new Uint8Array()).get(2) ?? [];
  expect(paths).toHaveLength(Object.keys(v2.paths).length);
});

describe('OpenAPI 3', () => {
  it('has a document for every group and version, complete in itself', () => {
    const paths = openApiV3Paths(allKinds);
    expect(paths).toContain('api/v1');
    expect(paths).toContain('apis/apps/v1');
    for (const path of paths) {
      const [, ...rest] = path.split('/');
      const [group = '', version = ''] = path.startsWith('api/') ? ['', rest[0]] : rest;
      const document = buildOpenApiV3(allKinds, group, version);
      for (const reference of references(document)) {
        expect(document.components.schemas, reference).toHaveProperty([
          reference.replace('#/components/schemas/', ''),
        ]);
      }
    }
  });

  it('points to the documents by their content', () => {
    expect(openApiV3Index(allKinds, (path) => `hash of ${path}`)).toHaveProperty(['paths', 'apis/apps/v1'], {
      serverRelativeURL: '/openapi/v3/apis/apps/v1?hash=hash%20of%20apis%2Fapps%2Fv1',
    });
  });
});
