import { describe, expect, it } from 'vitest';
import { hasTypeSchema, shortTypeName, typeNames, typeSchema } from '../meta/schema';
import { haveFacts, readJsonFact } from '../testing/facts';
import { LIST_KEYS } from './list-keys';
import { BYTES_FIELDS, DOUBLE_FIELDS, INT64_FIELDS } from './number-formats';

const schemas = new Map(typeNames().map((name) => [shortTypeName(name), name]));

describe('the schema', () => {
  it('refers only to types that there are', () => {
    for (const name of typeNames()) {
      for (const field of typeSchema(name).fields.values()) {
        let { type } = field;
        while (type.form === 'list' || type.form === 'map') type = type.of;
        if (type.form === 'object') expect(hasTypeSchema(type.type), `${name}.${field.name}`).toBe(true);
      }
    }
  });

  it('knows the keys of the lists that it says are keyed', () => {
    for (const name of typeNames()) {
      for (const field of typeSchema(name).fields.values()) {
        const { listMapKeys, patchMergeKey } = field.merge;
        for (const key of [...(listMapKeys ?? []), ...(patchMergeKey ? [patchMergeKey] : [])]) {
          expect(field.type.form, `${name}.${field.name}`).toBe('list');
          const element = field.type.form === 'list' ? field.type.of : undefined;
          if (element?.form !== 'object') continue;
          expect(typeSchema(element.type).fields.has(key), `${name}.${field.name}[${key}]`).toBe(true);
        }
      }
    }
  });

  it('merges the lists of ephemeral containers like those of others', () => {
    expect(LIST_KEYS['core/v1.EphemeralContainer']).toEqual(LIST_KEYS['core/v1.Container']);
  });

  it('has every field that the tables of formats speak of, where it has the type', () => {
    // Tables are at a later level than the types; a field unknown here is one that is still to come.
    const known = ['core/v1.PodSpec', 'core/v1.Secret', 'meta/v1.ObjectMeta', 'apps/v1.DeploymentStatus'];
    for (const table of [INT64_FIELDS, BYTES_FIELDS, DOUBLE_FIELDS]) {
      for (const short of known) {
        const name = schemas.get(short);
        for (const field of table[short] ?? []) {
          expect(name && typeSchema(name).fields.has(field), `${short}.${field}`).toBe(true);
        }
      }
    }
  });
});

describe.skipIf(!haveFacts)('compared with the facts', () => {
  it('merges lists as Kubernetes does', () => {
    const facts = readJsonFact('facts/list-merge-keys.json') as Record<
      string,
      Record<string, Record<string, unknown>>
    >;
    for (const [type, fields] of Object.entries(facts)) {
      if (!schemas.has(type)) continue;
      for (const [field, { default: _default, structType, ...fact }] of Object.entries(fields)) {
        const expected = structType ? { ...fact, mapType: structType } : fact;
        if (Object.keys(expected).length === 0) continue;
        expect(LIST_KEYS[type]?.[field], `${type}.${field}`).toEqual(expected);
      }
    }
  });
});
