import type { JsonSchema } from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { createdFields } from '@wheelhouse/shared/patch/apply/created-fields';
import { fromFieldsV1, toFieldsV1 } from '@wheelhouse/shared/patch/apply/field-set';
import { rootNode } from '@wheelhouse/shared/patch/apply/nodes';
import { fieldsOf } from '@wheelhouse/shared/patch/apply/typed';
import { expect, it } from 'vitest';
import { defineApplyType } from './apply-type';

const text: JsonSchema = { type: 'string' };
const schema = (more: Record<string, JsonSchema> = {}): JsonSchema => ({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        a: text,
        map: { type: 'object', additionalProperties: text },
        set: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
        open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, properties: { q: text } },
        pod: { type: 'object', 'x-kubernetes-embedded-resource': true, properties: { spec: text } },
        any: {
          type: 'object',
          'x-kubernetes-embedded-resource': true,
          'x-kubernetes-preserve-unknown-fields': true,
        },
        ...more,
      },
    },
  },
});
const config = {
  spec: {
    a: '1',
    map: { k: 'v' },
    set: ['x'],
    open: { q: 'r', w: { e: 1 } },
    pod: { kind: 'Pod', metadata: { name: 'p' } },
    any: { kind: 'Pod', metadata: { name: 'p' }, spec: { x: 1 } },
  },
};
const owned = (name: string, of: JsonSchema) => {
  defineApplyType(name, of);
  return toFieldsV1(fieldsOf(rootNode(name), config));
};

it('owns what a definition names by what is in it, and what it does not name beside that', () => {
  expect(owned('test.named', schema())).toEqual({
    'f:spec': {
      'f:a': {},
      'f:map': { 'f:k': {} },
      'f:set': { 'v:"x"': {} },
      'f:open': { 'f:q': {}, 'f:w': { '.': {}, 'f:e': {} } },
      'f:pod': { 'f:kind': {}, 'f:metadata': { 'f:name': {} } },
      'f:any': { 'f:kind': {}, 'f:metadata': { 'f:name': {} }, 'f:spec': { '.': {}, 'f:x': {} } },
    },
  });
});

it('owns every field of a definition with a number or a string', () => {
  const fields = owned('test.mixed', schema({ port: { 'x-kubernetes-int-or-string': true } }));
  expect(fields).toMatchObject({ 'f:spec': { '.': {}, 'f:map': { '.': {} }, 'f:open': { '.': {} } } });
  expect(toFieldsV1(fromFieldsV1(fields))).toEqual(fields);
});

it('owns nothing of metadata that holds only a name', () => {
  defineApplyType('test.created', schema());
  const fields = createdFields(rootNode('test.created'), { metadata: {}, spec: { a: '1' } });
  expect(fields).toEqual({ 'f:spec': { '.': {}, 'f:a': {} } });
});
