import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError } from '@wheelhouse/shared/errors';
import { decodeType } from '@wheelhouse/shared/meta/decode';
import { expect, test } from 'vitest';
import { decodeProtobuf } from './decode-protobuf';

// Objects of Kubernetes' own encoder, kept outside the repository: without them these tests are left out.
const vectors = join(import.meta.dirname, '../../../../../../shared/facts/roundtrip');
const KINDS: Record<string, string> = {
  'core.v1.Pod': 'io.k8s.api.core.v1.Pod',
  'core.v1.Service': 'io.k8s.api.core.v1.Service',
  'core.v1.Secret': 'io.k8s.api.core.v1.Secret',
  'core.v1.ConfigMap': 'io.k8s.api.core.v1.ConfigMap',
  'core.v1.Namespace': 'io.k8s.api.core.v1.Namespace',
  'core.v1.Node': 'io.k8s.api.core.v1.Node',
  'core.v1.ServiceAccount': 'io.k8s.api.core.v1.ServiceAccount',
  'apps.v1.Deployment': 'io.k8s.api.apps.v1.Deployment',
  'apps.v1.ReplicaSet': 'io.k8s.api.apps.v1.ReplicaSet',
  'coordination.k8s.io.v1.Lease': 'io.k8s.api.coordination.v1.Lease',
};

for (const [name, schema] of Object.entries(KINDS)) {
  test.skipIf(!existsSync(vectors))(`${name}: the bytes of Kubernetes mean what its JSON says`, () => {
    const decoded = decodeProtobuf(readFileSync(join(vectors, `${name}.pb`)));
    const json: unknown = JSON.parse(readFileSync(join(vectors, `${name}.json`), 'utf8'));
    // Both by way of the schema: fields newer than it are dropped from both.
    const { metadata: actual, ...rest } = decodeType(schema, decoded).object as { metadata: object };
    const { metadata: expected, ...wanted } = decodeType(schema, json).object as { metadata: object };
    expect(rest).toEqual(wanted);
    expect({ ...actual, managedFields: undefined }).toEqual({ ...expected, managedFields: undefined });
  });
}

/** `k8s\0`, then the envelope: type {apiVersion v1, kind ConfigMap}, raw bytes. */
function enveloped(raw: Buffer): Buffer {
  const block = (field: number, bytes: Buffer) =>
    Buffer.concat([Buffer.from([field * 8 + 2, bytes.length]), bytes]);
  const type = Buffer.concat([block(1, Buffer.from('v1')), block(2, Buffer.from('ConfigMap'))]);
  return Buffer.concat([Buffer.from('k8s\0'), block(1, type), block(2, raw)]);
}

test('bytes that are cut short or no protobuf at all are a bad request', () => {
  const good = enveloped(Buffer.from([0x0a, 0x03, 0x0a, 0x01, 0x61]));
  expect(decodeProtobuf(good)).toEqual({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } });
  for (const bad of [
    Buffer.from('{"kind":"ConfigMap"}'),
    enveloped(Buffer.from([0x0a, 0x05, 0x0a, 0x01])),
    enveloped(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])),
    enveloped(Buffer.from([0x0a, 0x03, 0x0a, 0x01, 0xff])),
    Buffer.from('k8s\0'),
  ]) {
    expect(() => decodeProtobuf(bad)).toThrow(ApiError);
  }
});
