import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { removeDirectory } from '../../support/wheelhouse';
import { type Definition, define, definitionOf, version } from '../support/definitions';
import { kubectlOf } from '../support/kubectl';
import { settled } from '../support/space';
import { conformance as named, type Stage } from '../support/suite';

const conformance = (name: string, test: (stage: Stage) => Promise<void>) =>
  named(
    `[sig-api-machinery] CustomResourcePublishOpenAPI [Privileged:ClusterAdmin] ${name} [Conformance]`,
    test,
    240,
  );

const text = { type: 'string' };
const withSpec = {
  openAPIV3Schema: {
    type: 'object',
    description: 'Foo CRD for Testing',
    properties: {
      spec: {
        type: 'object',
        description: 'Specification of Foo',
        properties: {
          bars: {
            type: 'array',
            description: 'List of Bars and their specs.',
            items: {
              type: 'object',
              required: ['name'],
              properties: {
                name: { ...text, description: 'Name of Bar.' },
                age: { ...text, description: 'Age of Bar.' },
              },
            },
          },
        },
      },
    },
  },
};

/** The published definition of a kind, if there is one. */
async function published(stage: Stage, { spec }: Definition, name: string): Promise<object | undefined> {
  const { definitions } = await stage.api.json<{ definitions: Record<string, object> }>('/openapi/v2');
  return definitions[`${spec.group.split('.').reverse().join('.')}.${name}.${spec.names.kind}`];
}

const isPublished = (stage: Stage, definition: Definition, name = 'v1') =>
  settled(async () => expect(await published(stage, definition, name)).toBeDefined(), 60);
const isNotPublished = (stage: Stage, definition: Definition, name = 'v1') =>
  settled(async () => expect(await published(stage, definition, name)).toBeUndefined(), 60);

/** Has kubectl apply objects of the kind, checking them by what is published. */
function applier(stage: Stage, { spec }: Definition) {
  return async (name: string, fields: object): Promise<void> => {
    const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-apply-'));
    try {
      const file = join(directory, 'object.json');
      const head = { apiVersion: `${spec.group}/v1`, kind: spec.names.kind, metadata: { name } };
      await writeFile(file, JSON.stringify({ ...head, ...fields }));
      await kubectlOf(stage)('apply', '--validate=strict', '-f', file);
    } finally {
      await removeDirectory(directory);
    }
  };
}

const explain = (stage: Stage, path: string) => kubectlOf(stage)('explain', path);

/** What clients learn of kinds that users have defined. */
export function publishedSchemas(): void {
  single();
  several();
}

function single(): void {
  conformance('works for CRD with validation schema', async (stage) => {
    const definition = definitionOf(stage, { versions: [version('v1', { schema: withSpec })] });
    await define(stage, definition);
    await isPublished(stage, definition);
    const apply = applier(stage, definition);
    await apply('good', { spec: { bars: [{ name: 'test-bar', age: '3' }] } });
    await expect(apply('unknown', { spec: { bars: [{ name: 'b', wrong: 'x' }] } })).rejects.toThrow(
      'unknown field',
    );
    await expect(apply('lacking', { spec: { bars: [{ age: '1' }] } })).rejects.toThrow(/[Rr]equired/);
    const plural = `${definition.spec.names.plural}.${definition.spec.group}`;
    expect(await explain(stage, plural)).toContain('Foo CRD for Testing');
    expect(await explain(stage, `${plural}.metadata`)).toContain('ObjectMeta');
    expect(await explain(stage, `${plural}.spec`)).toContain('List of Bars and their specs.');
    expect(await explain(stage, `${plural}.spec.bars`)).toMatch(/name.*\n?.*required/);
    await expect(explain(stage, `${plural}.spec.nothing`)).rejects.toThrow('does not exist');
  });

  const open: Record<string, [object, string]> = {
    'works for CRD without validation schema': [
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      '',
    ],
    'works for CRD preserving unknown fields at the schema root': [
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      '',
    ],
    'works for CRD preserving unknown fields in an embedded object': [
      {
        type: 'object',
        description: 'Waldo',
        properties: {
          spec: {
            type: 'object',
            'x-kubernetes-preserve-unknown-fields': true,
            description: 'Specification of Waldo',
          },
        },
      },
      'Specification of Waldo',
    ],
  };
  for (const [name, [schema, described]] of Object.entries(open)) {
    conformance(name, async (stage) => {
      const definition = definitionOf(stage, {
        versions: [version('v1', { schema: { openAPIV3Schema: schema } })],
      });
      await define(stage, definition);
      await isPublished(stage, definition);
      await applier(stage, definition)('any', { spec: { a: 1, b: { c: ['d'] } } });
      const plural = `${definition.spec.names.plural}.${definition.spec.group}`;
      const told = await explain(stage, plural);
      expect(told).toContain('Thing');
      expect(told).toContain(described);
    });
  }
}

function several(): void {
  const both = async (stage: Stage, one: Definition, other: Definition) => {
    await define(stage, one);
    await define(stage, other);
    for (const definition of [one, other]) {
      for (const { name } of definition.spec.versions) await isPublished(stage, definition, name);
    }
  };
  const schema = withSpec;

  conformance('works for multiple CRDs of different groups', async (stage) => {
    const definition = (prefix: string) =>
      definitionOf(stage, {
        group: `${prefix}.${stage.unique}.example.com`,
        versions: [version('v1', { schema })],
      });
    await both(stage, definition('one'), definition('other'));
  });

  conformance('works for multiple CRDs of same group but different versions', async (stage) => {
    const versions = [version('v2', { schema, storage: false }), version('v3', { schema })];
    const definition = definitionOf(stage, { versions });
    await define(stage, definition);
    for (const name of ['v2', 'v3']) await isPublished(stage, definition, name);
    const names = { plural: 'others', singular: 'other', kind: 'Other' };
    await both(
      stage,
      definitionOf(stage, { names, versions: [version('v4', { schema })] }),
      definitionOf(stage, {
        names: { plural: 'thirds', kind: 'Third' },
        versions: [version('v5', { schema })],
      }),
    );
  });

  conformance('works for multiple CRDs of same group and version but different kinds', async (stage) => {
    const versions = [version('v6', { schema })];
    const names = { plural: 'others', singular: 'other', kind: 'Other' };
    await both(stage, definitionOf(stage, { versions }), definitionOf(stage, { names, versions }));
  });

  conformance('updates the published spec when one version gets renamed', async (stage) => {
    const kept = version('v2', { schema });
    const definition = definitionOf(stage, { versions: [kept, version('v3', { schema, storage: false })] });
    await define(stage, definition);
    for (const name of ['v2', 'v3']) await isPublished(stage, definition, name);
    const versions = [kept, version('v4', { schema, storage: false })];
    await stage.wide.patch('customresourcedefinitions', definition.metadata?.name ?? '', {
      spec: { versions },
    });
    await isPublished(stage, definition, 'v4');
    await isNotPublished(stage, definition, 'v3');
    expect(await published(stage, definition, 'v2')).toBeDefined();
  });

  conformance(
    'removes definition from spec when one version gets changed to not be served',
    async (stage) => {
      const definition = definitionOf(stage, {
        versions: [version('v5', { schema, storage: false }), version('v6', { schema })],
      });
      await define(stage, definition);
      for (const name of ['v5', 'v6']) await isPublished(stage, definition, name);
      const [first, second] = definition.spec.versions;
      const versions = [{ ...first, served: false }, second];
      await stage.wide.patch('customresourcedefinitions', definition.metadata?.name ?? '', {
        spec: { versions },
      });
      await isNotPublished(stage, definition, 'v5');
      expect(await published(stage, definition, 'v6')).toBeDefined();
    },
  );
}
