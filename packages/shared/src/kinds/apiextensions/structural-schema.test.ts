import { describe, expect, it } from 'vitest';
import type { JsonSchema } from './json-schema';
import { validateSchema } from './structural-schema';

const problems = (schema: JsonSchema, hasStatus = false) =>
  validateSchema(schema, 's', { hasStatus }).map(({ field, reason }) => `${field} ${reason.slice(10)}`);
const at = (x: JsonSchema) => problems({ type: 'object', properties: { x } });
const text: JsonSchema = { type: 'string' };
const X = 's.properties[x]';

describe('a field of a custom resource', () => {
  it.each<[string, JsonSchema, string[]]>([
    ['no additional properties', { type: 'object', additionalProperties: false }, []],
    [
      'any properties beside its own',
      { type: 'object', additionalProperties: true, properties: { a: text } },
      [],
    ],
    [
      'a map that is an object as well',
      { type: 'object', additionalProperties: text, properties: { a: text } },
      [`${X}.additionalProperties Forbidden`],
    ],
    ['a reference', { $ref: '#/x' }, [`${X}.$ref Forbidden`]],
    ['several schemas for the elements', { type: 'array', items: [text] }, [`${X}.items Forbidden`]],
    ['null', { type: 'null' }, [`${X}.type Forbidden`, `${X}.type NotSupported`]],
    ['a number or a string with a type', { 'x-kubernetes-int-or-string': true, type: 'string' }, []],
    [
      'a number or a string that is a resource',
      {
        'x-kubernetes-int-or-string': true,
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        properties: { spec: text },
      },
      [`${X}.x-kubernetes-embedded-resource Invalid`],
    ],
    [
      'conditions on what is not defined, below the root',
      { type: 'object', anyOf: [{ properties: { a: { minimum: 1 } } }] },
      [],
    ],
    [
      'conditions on metadata',
      { type: 'object', properties: { metadata: { type: 'object' } }, not: { properties: { metadata: {} } } },
      [`${X}.not.properties[metadata] Forbidden`],
    ],
    [
      'a default in a condition',
      { type: 'string', allOf: [{ default: 'a' }] },
      [`${X}.allOf[0].default Forbidden`],
    ],
  ])('may have, or is refused with, %s', (_what, schema, expected) => {
    expect(at(schema)).toEqual(expected);
  });

  it('is told what of it is not supported, in words of the whole', () => {
    // The wire types of the package leave the field out.
    const schema = { $schema: 'x', type: 'string' } as JsonSchema;
    expect(
      validateSchema({ type: 'object', properties: { x: schema } }, 's', { hasStatus: false }),
    ).toMatchObject([
      { field: 's', message: expect.stringContaining("OpenAPIV3Schema 'schema' is not supported") },
    ]);
  });
});

describe('the root', () => {
  it('is no map', () => {
    expect(problems({ type: 'object', additionalProperties: true })).toEqual([
      's.additionalProperties Forbidden',
    ]);
  });

  it('has conditions only on what it defines', () => {
    expect(problems({ type: 'object', anyOf: [{ properties: { a: { minimum: 1 } } }] })).toEqual([
      's.properties[a] Required',
    ]);
  });

  it('looks at its type only once with a status', () => {
    expect(problems({ type: '' }, true)).toEqual(['s.type Required']);
    expect(problems({ type: 'object', nullable: true }, true)).toEqual(['s Invalid', 's.nullable Forbidden']);
  });

  it('has no defaults in its metadata', () => {
    const kind: JsonSchema = { type: 'string', default: 'x' };
    expect(problems({ type: 'object', properties: { kind } })).toEqual([
      's.properties[kind].default Forbidden',
    ]);
  });
});
