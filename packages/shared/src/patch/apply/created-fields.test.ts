import { describe, expect, it } from 'vitest';
import { allKinds } from '../../kinds/all';
import { decode } from '../../meta/decode';
import { haveFacts, readJsonFact } from '../../testing/facts';
import { createdFields } from './created-fields';
import { emptySet, fromFieldsV1, pathsOf, toFieldsV1 } from './field-set';
import { ownablePart } from './managed-fields';
import { rootNode } from './nodes';
import { compareTyped } from './typed';

const POD = {
  metadata: { name: 'p', labels: { app: 'x', __proto__x: 'y' }, finalizers: ['a/b'] },
  spec: {
    containers: [
      {
        name: 'c',
        resources: {},
        ports: [{ containerPort: 80 }, { containerPort: 80 }],
        env: [],
        tty: false,
      },
    ],
    securityContext: {},
    nodeSelector: {},
  },
};

describe('createdFields', () => {
  it('finds what comparing with nothing finds', () => {
    const node = rootNode('io.k8s.api.core.v1.Pod');
    const { changed } = compareTyped(node, ownablePart({}), ownablePart(POD));
    expect(createdFields(node, ownablePart(POD))).toEqual(toFieldsV1(changed ?? emptySet()));
  });

  it('shares the fields of objects that are made alike', () => {
    const node = rootNode('io.k8s.api.core.v1.Pod');
    const other = structuredClone(POD);
    other.metadata.name = 'q';
    const fields = createdFields(node, ownablePart(POD));
    expect(createdFields(node, ownablePart(other))).toBe(fields);
    expect(Object.isFrozen(fields?.['f:spec'])).toBe(true);
  });

  it('owns nothing of an object without fields', () => {
    expect(createdFields(rootNode('io.k8s.api.core.v1.ConfigMap'), ownablePart({}))).toBeUndefined();
  });

  it('names a struct only where it may be absent', () => {
    const node = rootNode('io.k8s.api.core.v1.Pod');
    const paths = pathsOf(fromFieldsV1(createdFields(node, ownablePart(POD))));
    expect(paths).toContain('.spec.containers[name="c"].ports');
    expect(paths).not.toContain('.spec.containers');
    expect(paths).not.toContain('.spec');
  });
});

function recorded(kind: (typeof allKinds)[number]): unknown {
  try {
    return readJsonFact(`facts/roundtrip/${kind.group || 'core'}.${kind.version}.${kind.kind}.json`);
  } catch {
    return undefined;
  }
}

describe.skipIf(!haveFacts)('fully populated objects', () => {
  const kinds = haveFacts ? allKinds.filter((kind) => recorded(kind) !== undefined) : [];

  it('are there for most kinds', () => expect(kinds.length).toBeGreaterThan(20));

  it.each(kinds.map((kind) => [kind.schema, kind] as const))('%s', (schema, kind) => {
    const object: object = decode(kind, recorded(kind)).object;
    const part = ownablePart({ ...object });
    const { changed } = compareTyped(rootNode(schema), ownablePart({}), part);
    expect(createdFields(rootNode(schema), part)).toEqual(toFieldsV1(changed ?? emptySet()));
  });
});
