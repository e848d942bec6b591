import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serviceKind } from '../../kinds/core/service';
import type { JsonObject } from '../../meta/json';
import { applyPatch } from './apply-patch';
import { entriesOf } from './managed-fields';
import { rootNode } from './nodes';
import { packLists, withUnpackedLists } from './whole-lists';

/** Any type with a keyed list will do. */
const types = { node: rootNode(serviceKind.schema), apiVersion: 'v1' };
const now = new Date('2026-01-01T00:00:00Z');

type Ports = Readonly<Record<number, string>>;
const config = (ports: Ports): JsonObject => ({
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { name: 's', finalizers: ['example.com/kept'] },
  spec: {
    ports: Object.entries(ports).map(([port, name]) => ({ port: Number(port), protocol: 'TCP', name })),
  },
});

function apply(live: JsonObject | undefined, manager: string, ports: Ports): JsonObject {
  return applyPatch(live, config(ports), { ...types, manager, now, force: true });
}

function packed(object: JsonObject): JsonObject {
  const managedFields = packLists(entriesOf(object), object, types);
  return { ...object, metadata: { ...(object.metadata as JsonObject), managedFields } };
}

const unpacked = (object: JsonObject) => withUnpackedLists(object, object, types);
const listsOf = (object: JsonObject) =>
  Object.fromEntries(
    entriesOf(object).map(({ manager, fieldsV1 }) => [
      manager,
      ((fieldsV1 as JsonObject)['f:spec'] as JsonObject)['f:ports'],
    ]),
  );

describe('lists that one applier owns alone', () => {
  it('are written as one thing until a second manager takes part, and again when it leaves', () => {
    const one = packed(apply(undefined, 'one', { 80: 'http' }));
    expect(listsOf(one)).toEqual({ one: {} });
    const both = packed(apply(unpacked(one), 'two', { 443: 'https' }));
    expect((both.spec as JsonObject).ports).toHaveLength(2);
    const element = { '.': {}, 'f:name': {}, 'f:port': {}, 'f:protocol': {} };
    expect(listsOf(both)).toEqual({
      one: { 'k:{"port":80,"protocol":"TCP"}': element },
      two: { 'k:{"port":443,"protocol":"TCP"}': element },
    });
    const less = packed(apply(unpacked(both), 'one', { 80: 'http', 443: 'https' }));
    expect(listsOf(less)).toMatchObject({ two: { 'k:{"port":443,"protocol":"TCP"}': element } });
  });

  it('keep their keys in metadata, and where an element holds what nobody owns', () => {
    const one = apply(undefined, 'one', { 80: 'http' });
    const [{ fieldsV1 } = { fieldsV1: {} }] = entriesOf(packed(one));
    expect((fieldsV1 as JsonObject)['f:metadata']).toEqual({
      'f:finalizers': { 'v:"example.com/kept"': {} },
    });
    const [port] = (one.spec as { ports: JsonObject[] }).ports;
    if (port) port.nodePort = 30_000;
    expect(listsOf(packed(one)).one).toHaveProperty('k:{"port":80,"protocol":"TCP"}');
  });

  it('lose nothing: every history of applies ends as it would without', () => {
    const ports = fc.dictionary(fc.constantFrom('80', '443', '53'), fc.constantFrom('a', 'b'));
    fc.assert(
      fc.property(
        fc.array(fc.record({ manager: fc.constantFrom('one', 'two', 'three'), ports }), { minLength: 1 }),
        (steps) => {
          let short: JsonObject | undefined;
          let long: JsonObject | undefined;
          for (const step of steps) {
            short = packed(apply(short && unpacked(short), step.manager, step.ports));
            long = apply(long, step.manager, step.ports);
            expect(unpacked(short)).toEqual(long);
          }
        },
      ),
    );
  });
});
