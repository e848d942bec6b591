import { badRequest } from '../../errors';
import type { MergeFacts } from '../../kinds/list-keys';
import { cloneJson, equalJson, isObject, type JsonObject, setOwn } from '../../meta/json';
import { type FieldType, hasTypeSchema, typeSchema } from '../../meta/schema';
import { childOf, emptySet, type FieldSet } from './field-set';

/**
 * Objects seen through the schema as server-side apply sees them: structs and maps are made of fields, keyed lists
 * and sets of elements; atomic ones, and scalars, are one thing each.
 */
export interface Node {
  readonly type: FieldType | undefined;
  readonly merge: MergeFacts;
}

export function rootNode(schema: string): Node {
  return { type: { form: 'object', type: schema }, merge: {} };
}

/** How a value is divided: into fields, keyed elements, elements of a set, or not at all. */
function shapeOf(node: Node, value: unknown): 'fields' | 'keyed' | 'set' | 'atomic' {
  const { type, merge } = node;
  if (Array.isArray(value)) {
    if (type?.form !== 'list') return 'atomic';
    if (merge.listType === 'map' && merge.listMapKeys?.length) return 'keyed';
    return merge.listType === 'set' ? 'set' : 'atomic';
  }
  if (!isObject(value) || merge.mapType === 'atomic') return 'atomic';
  if (type?.form === 'map') return 'fields';
  if (type?.form !== 'object' || !hasTypeSchema(type.type)) return 'atomic';
  return typeSchema(type.type).merge.mapType === 'atomic' ? 'atomic' : 'fields';
}

function fieldNode(node: Node, name: string): Node {
  if (node.type?.form === 'map') return { type: node.type.of, merge: {} };
  if (node.type?.form !== 'object' || !hasTypeSchema(node.type.type)) return { type: undefined, merge: {} };
  const field = typeSchema(node.type.type).fields.get(name);
  return { type: field?.type, merge: field?.merge ?? {} };
}

function elementNode(node: Node): Node {
  return { type: node.type?.form === 'list' ? node.type.of : undefined, merge: {} };
}

/** Key fields that may be left out, since they have a default: ports are TCP. */
const KEY_DEFAULTS: Readonly<Record<string, unknown>> = { protocol: 'TCP' };

/** The path element of a list's element. */
function elementKey(node: Node, shape: 'keyed' | 'set', value: unknown): string {
  if (shape === 'set') return `v:${JSON.stringify(value)}`;
  const keys: JsonObject = {};
  for (const name of [...(node.merge.listMapKeys ?? [])].sort()) {
    const own = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    keys[name] = own ?? KEY_DEFAULTS[name] ?? '';
  }
  return `k:${JSON.stringify(keys)}`;
}

/** The elements of a list by their keys, in order. Throws BadRequest when `strict` and a key comes twice. */
function elementsOf(
  node: Node,
  shape: 'keyed' | 'set',
  list: readonly unknown[],
  strict: { path: string } | undefined,
): Map<string, unknown> {
  const elements = new Map<string, unknown>();
  for (const value of list) {
    const key = elementKey(node, shape, value);
    if (elements.has(key)) {
      if (strict)
        throw badRequest(
          `failed to create typed patch object: ${strict.path}: duplicate entries for key ${key.slice(2)}`,
        );
      continue;
    }
    elements.set(key, value);
  }
  return elements;
}

/** The fields that an applied configuration speaks of. Throws BadRequest for duplicate keys. */
export function fieldsOf(node: Node, value: unknown, path = ''): FieldSet {
  const set = emptySet();
  switch (shapeOf(node, value)) {
    case 'atomic':
      set.member = true;
      break;
    case 'fields': {
      const isMap = node.type?.form === 'map';
      for (const [name, item] of Object.entries(value as JsonObject)) {
        const child = fieldsOf(fieldNode(node, name), item, `${path}.${name}`);
        if (isMap || item === null || (isObject(item) && Object.keys(item).length === 0)) child.member = true;
        set.children.set(`f:${name}`, child);
      }
      break;
    }
    case 'keyed':
    case 'set': {
      const shape = shapeOf(node, value) as 'keyed' | 'set';
      for (const [key, item] of elementsOf(node, shape, value as unknown[], { path })) {
        const child = fieldsOf(elementNode(node), item, path + key);
        child.member = true;
        set.children.set(key, child);
      }
    }
  }
  return set;
}

/** Lays a configuration over an object: what it says wins, what it does not speak of stays. */
export function mergeTyped(node: Node, live: unknown, config: unknown): unknown {
  const shape = shapeOf(node, config);
  if (live === undefined || shape === 'atomic' || shapeOf(node, live) !== shape) return cloneJson(config);
  if (shape === 'fields') {
    const base = live as JsonObject;
    const over = config as JsonObject;
    const result: JsonObject = {};
    for (const name of Object.keys(base)) {
      const value = Object.hasOwn(over, name)
        ? mergeTyped(fieldNode(node, name), base[name], over[name])
        : cloneJson(base[name]);
      setOwn(result, name, value);
    }
    for (const name of Object.keys(over))
      if (!Object.hasOwn(base, name)) setOwn(result, name, cloneJson(over[name]));
    return result;
  }
  return mergeLists(node, shape, live as unknown[], config as unknown[]);
}

/** The configuration's order holds for its elements; the others keep their places before the next one they share. */
function mergeLists(node: Node, shape: 'keyed' | 'set', live: unknown[], config: unknown[]): unknown[] {
  const base = elementsOf(node, shape, live, undefined);
  const over = elementsOf(node, shape, config, undefined);
  const result: unknown[] = [];
  const waiting = [...base.keys()];
  const taken = new Set<string>();
  const takeOthers = () => {
    while (waiting.length > 0) {
      const key = waiting[0] ?? '';
      if (!taken.has(key)) {
        if (over.has(key)) return;
        result.push(cloneJson(base.get(key)));
      }
      waiting.shift();
    }
  };
  for (const [key, value] of over) {
    takeOthers();
    result.push(mergeTyped(elementNode(node), base.get(key), value));
    taken.add(key);
  }
  takeOthers();
  return result;
}

/** What has changed between two objects: set or changed, and gone. */
export interface Changes {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

export function compareTyped(node: Node, before: unknown, after: unknown): Changes {
  const changes = { changed: emptySet(), removed: emptySet() };
  compare(node, before, after, changes.changed, changes.removed);
  return changes;
}

function compare(node: Node, before: unknown, after: unknown, changed: FieldSet, removed: FieldSet): void {
  if (after === undefined) {
    if (before !== undefined) removed.member = true;
    return;
  }
  const shape = shapeOf(node, after);
  if (shape === 'atomic') {
    if (!equalJson(before, after)) changed.member = true;
    return;
  }
  const known = before !== undefined && shapeOf(node, before) === shape;
  // A list or map that is there for the first time is itself a new field, beside what is in it.
  if (
    !known &&
    (shape !== 'fields' || node.type?.form === 'map' || Object.keys(after as JsonObject).length === 0)
  ) {
    changed.member = true;
  }
  const parts = (value: unknown): Map<string, unknown> =>
    shape === 'fields'
      ? new Map(Object.entries(value as JsonObject).map(([name, item]) => [`f:${name}`, item]))
      : elementsOf(node, shape, value as unknown[], undefined);
  const old = known ? parts(before) : new Map<string, unknown>();
  const now = parts(after);
  for (const [key, item] of now) {
    const at = childOf(changed, key);
    if (shape !== 'fields' && !old.has(key)) at.member = true;
    const child = shape === 'fields' ? fieldNode(node, key.slice(2)) : elementNode(node);
    compare(child, old.get(key), item, at, childOf(removed, key));
  }
  for (const key of old.keys()) if (!now.has(key)) childOf(removed, key).member = true;
}

/**
 * Takes out of a value the members of `gone`; `kept` are fields that others own, which stay with all that leads to
 * them. Returns undefined when the value itself goes.
 */
export function removeFields(
  node: Node,
  value: unknown,
  gone: FieldSet,
  kept: FieldSet | undefined,
): unknown {
  if (gone.member && !(kept && hasMembers(kept))) return undefined;
  const shape = shapeOf(node, value);
  if (shape === 'atomic') return value;
  if (shape === 'fields') {
    const result: JsonObject = {};
    for (const [name, item] of Object.entries(value as JsonObject)) {
      const child = gone.children.get(`f:${name}`);
      const rest = child
        ? removeFields(fieldNode(node, name), item, child, kept?.children.get(`f:${name}`))
        : item;
      if (rest !== undefined) setOwn(result, name, rest);
    }
    return result;
  }
  return (value as unknown[]).flatMap((item) => {
    const key = elementKey(node, shape, item);
    const child = gone.children.get(key);
    const rest = child ? removeFields(elementNode(node), item, child, kept?.children.get(key)) : item;
    if (rest === undefined) return [];
    // An element that stays keeps its name, whoever wrote that.
    return [
      shape === 'keyed' && isObject(rest) && isObject(item) ? { ...keysOf(node, item), ...rest } : rest,
    ];
  });
}

function keysOf(node: Node, element: JsonObject): JsonObject {
  const names = node.merge.listMapKeys ?? [];
  return Object.fromEntries(Object.entries(element).filter(([name]) => names.includes(name)));
}

function hasMembers(set: FieldSet): boolean {
  if (set.member) return true;
  for (const child of set.children.values()) if (hasMembers(child)) return true;
  return false;
}
