import { badRequest, internalError } from '../../errors';
import { cloneJson, equalJson, isEmptyObject, isObject, type JsonObject, setOwn } from '../../meta/json';
import { emptySet, type FieldSet, LEAF } from './field-set';
import { type Node, shapeOfValue } from './nodes';

/** Key fields that may be left out, since they have a default: ports are TCP. */
const KEY_DEFAULTS: Readonly<Record<string, unknown>> = { protocol: 'TCP' };

/** The path element of a list's element. */
export function elementKey(node: Node, value: unknown): string {
  if (node.shape === 'set') return `v:${JSON.stringify(value)}`;
  const keys: JsonObject = {};
  for (const name of node.keys) {
    const own = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    keys[name] = own ?? KEY_DEFAULTS[name] ?? '';
  }
  return `k:${JSON.stringify(keys)}`;
}

/** The elements of a list by their keys, in order; of two with one key the first. */
function elementsOf(node: Node, list: readonly unknown[]): Map<string, unknown> {
  const elements = new Map<string, unknown>();
  for (const value of list) {
    const key = elementKey(node, value);
    if (!elements.has(key)) elements.set(key, value);
  }
  return elements;
}

/** A configuration that is not of its type, in the words of Kubernetes, whose fault it is said to be there. */
function untyped(path: string, why: string) {
  return internalError(`failed to create typed patch object: ${path || '.'}: ${why}`);
}

const DEEPEST = 200;

/**
 * The fields that an applied configuration speaks of. Throws for fields that the type does not have, for values of
 * another type, and for list elements that are named twice.
 */
export function fieldsOf(node: Node, value: unknown, path = '', depth = 0): FieldSet {
  if (depth > DEEPEST) throw badRequest('the applied configuration is nested too deeply');
  checkType(node, value, path);
  const set = emptySet();
  switch (shapeOfValue(node, value)) {
    case 'atomic':
    case 'scalar':
      return LEAF;
    case 'struct':
    case 'map':
      for (const [name, item] of Object.entries(value as JsonObject)) {
        if (item === undefined) continue;
        const child = node.field(name);
        if (!child) throw untyped(`${path}.${name}`, 'field not declared in schema');
        const fields = fieldsOf(child, item, `${path}.${name}`, depth + 1);
        if (node.ownsField(name) || item === null || (isObject(item) && isEmptyObject(item)))
          fields.member = true;
        set.children.set(`f:${name}`, fields);
      }
      break;
    default:
      for (const item of value as unknown[]) {
        const key = elementKey(node, item);
        if (set.children.has(key)) throw untyped(path, `duplicate entries for key ${keyText(key)}`);
        const fields = fieldsOf(node.element(), item, path + keyText(key), depth + 1);
        fields.member = true;
        set.children.set(key, fields);
      }
  }
  return set;
}

function keyText(key: string): string {
  const rest: unknown = JSON.parse(key.slice(2));
  if (key.startsWith('v:') || !isObject(rest)) return `[=${key.slice(2)}]`;
  const pairs = Object.entries(rest).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `[${pairs.join(',')}]`;
}

function checkType(node: Node, value: unknown, path: string): void {
  if (value === null || value === undefined) return;
  const is = Array.isArray(value) ? 'list' : isObject(value) ? 'map' : typeof value;
  switch (node.form) {
    case 'object':
    case 'map':
      if (is !== 'map') throw untyped(path, `expected map, got &{${shown(value)}}`);
      return;
    case 'list':
      if (is !== 'list') throw untyped(path, `expected list, got &{${shown(value)}}`);
      return;
    case 'scalar': {
      const wanted = SCALAR_FORMS[node.scalar ?? 'any'];
      if (wanted && is !== wanted[0]) throw untyped(path, `expected ${wanted[1]}, got &{${shown(value)}}`);
      return;
    }
    default:
  }
}

/** Quantities and int-or-strings may be either; whatever else there is holds any value. */
const SCALAR_FORMS: Partial<Record<NonNullable<Node['scalar']>, readonly [string, string]>> = {
  string: ['string', 'string'],
  bool: ['boolean', 'boolean'],
  int32: ['number', 'numeric (int or float)'],
  int64: ['number', 'numeric (int or float)'],
  double: ['number', 'numeric (int or float)'],
  time: ['string', 'string'],
  'micro-time': ['string', 'string'],
  bytes: ['string', 'string'],
};

function shown(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value).slice(0, 100) : String(value).slice(0, 100);
}

/** Lays a configuration over an object: what it says wins, what it does not speak of stays. */
export function mergeTyped(node: Node, live: unknown, config: unknown): unknown {
  // Nothing is said of what is in it.
  if (config === null && isFilled(live) && shapeOfValue(node, live) !== 'atomic') return cloneJson(live);
  const shape = shapeOfValue(node, config);
  if (live === undefined || shape === 'atomic' || shape === 'scalar' || shapeOfValue(node, live) !== shape)
    return cloneJson(config);
  if (shape === 'struct' || shape === 'map') {
    const base = live as JsonObject;
    const over = config as JsonObject;
    const result: JsonObject = {};
    for (const name of Object.keys(base)) {
      const child = node.field(name);
      const value =
        child && Object.hasOwn(over, name)
          ? mergeTyped(child, base[name], over[name])
          : cloneJson(base[name]);
      setOwn(result, name, value);
    }
    for (const name of Object.keys(over))
      if (!Object.hasOwn(base, name)) setOwn(result, name, cloneJson(over[name]));
    return result;
  }
  return mergeLists(node, live as unknown[], config as unknown[]);
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : isObject(value) && !isEmptyObject(value);
}

/** The configuration's order holds for its elements; the others keep their places before the next one they share. */
function mergeLists(node: Node, live: unknown[], config: unknown[]): unknown[] {
  const base = elementsOf(node, live);
  const over = elementsOf(node, config);
  const result: unknown[] = [];
  const waiting = [...base.keys()];
  let next = 0;
  const taken = new Set<string>();
  const takeOthers = () => {
    for (; next < waiting.length; next++) {
      const key = waiting[next] ?? '';
      if (taken.has(key)) continue;
      if (over.has(key)) return;
      result.push(cloneJson(base.get(key)));
    }
  };
  for (const [key, value] of over) {
    takeOthers();
    result.push(mergeTyped(node.element(), base.get(key), value));
    taken.add(key);
  }
  takeOthers();
  return result;
}

/** What has changed between two objects: set or changed, and gone with all below it. Undefined: nothing. */
export interface Changes {
  readonly changed: FieldSet | undefined;
  readonly removed: FieldSet | undefined;
}

const NOTHING: Changes = { changed: undefined, removed: undefined };
const CHANGED: Changes = { changed: LEAF, removed: undefined };
const REMOVED: Changes = { changed: undefined, removed: LEAF };

export function compareTyped(node: Node, before: unknown, after: unknown): Changes {
  return compare(node, before, after, true);
}

/** `known`: what holds this place was there before. */
function compare(node: Node, before: unknown, after: unknown, known: boolean): Changes {
  if (before === after) return NOTHING;
  if (after === undefined) return REMOVED;
  const shape = shapeOfValue(node, after);
  const there = before !== undefined || (known && node.always);
  if (shape === 'scalar' || shape === 'atomic') {
    if (before === undefined) return there && isZero(after) ? NOTHING : CHANGED;
    return equalJson(before, after) ? NOTHING : CHANGED;
  }
  const comparable = before !== undefined && shapeOfValue(node, before) === shape;
  if (isEmptyObject(after) && (!comparable || isEmptyObject(before))) return there ? NOTHING : CHANGED;
  const result = new Difference(!there);
  if (shape === 'struct' || shape === 'map') {
    const old = comparable ? (before as JsonObject) : {};
    const now = after as JsonObject;
    for (const name in now) {
      const child = node.field(name);
      const from = Object.hasOwn(old, name) ? old[name] : undefined;
      if (from === undefined && there && isUnset(node, now[name])) continue;
      if (child && from !== now[name]) result.add(`f:${name}`, compare(child, from, now[name], there));
    }
    for (const name in old) {
      if (old[name] !== undefined && (!Object.hasOwn(now, name) || now[name] === undefined))
        result.add(`f:${name}`, REMOVED);
    }
    return result;
  }
  const old = comparable ? elementsOf(node, before as unknown[]) : new Map<string, unknown>();
  const now = elementsOf(node, after as unknown[]);
  for (const [key, item] of now) result.add(key, compare(node.element(), old.get(key), item, false));
  for (const key of old.keys()) if (!now.has(key)) result.add(key, REMOVED);
  return result;
}

/** Collects the changes below one place, making sets only where there is something to hold. */
class Difference implements Changes {
  changed: FieldSet | undefined;
  removed: FieldSet | undefined;

  constructor(isNew: boolean) {
    if (isNew) this.changed = { member: true, children: new Map() };
  }

  add(element: string, { changed, removed }: Changes): void {
    if (changed) {
      this.changed ??= emptySet();
      this.changed.children.set(element, changed);
    }
    if (removed) {
      this.removed ??= emptySet();
      this.removed.children.set(element, removed);
    }
  }
}

/** Null is how some fields are written when they are unset; nobody has set them then. */
export function isUnset(owner: Node, value: unknown): boolean {
  return value === null && owner.writesNulls;
}

/** What a field holds that was never set. */
export function isZero(value: unknown): boolean {
  return (
    value === '' ||
    value === 0 ||
    value === false ||
    value === null ||
    (Array.isArray(value) && value.length === 0)
  );
}
