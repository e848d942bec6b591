import { isEmptyObject, isObject, type JsonObject, setOwn } from '../../meta/json';

/**
 * A set of fields of an object, as a tree: which fields a manager owns. Path elements are written as FieldsV1
 * writes them: `f:name` a field or key, `k:{"name":"c"}` the element of a keyed list, `v:"x"` the element of a set.
 *
 * Worked example: { "f:spec": { "f:containers": { "k:{\"name\":\"c\"}": { ".": {}, "f:image": {} } } } } has two
 * members: the element itself (`.`) and its image (a leaf).
 */
export interface FieldSet {
  /** Whether the path that leads here is itself in the set. */
  member: boolean;
  readonly children: Map<string, FieldSet>;
}

export function emptySet(): FieldSet {
  return { member: false, children: new Map() };
}

/** A field with nothing below it. Shared, as most fields are such: sets are never changed once they have been made. */
export const LEAF: FieldSet = { member: true, children: new Map() };

export function isEmptySet(set: FieldSet): boolean {
  if (set.member) return false;
  for (const child of set.children.values()) if (!isEmptySet(child)) return false;
  return true;
}

/** The child for an element, made if need be. */
export function childOf(set: FieldSet, element: string): FieldSet {
  let child = set.children.get(element);
  if (!child) {
    child = emptySet();
    set.children.set(element, child);
  }
  return child;
}

/** Reads FieldsV1; what is none of it counts as empty, so that stored fields never break a later apply. */
export function fromFieldsV1(fields: unknown, depth = 0): FieldSet {
  const set = emptySet();
  if (!isObject(fields) || depth > 200) return set;
  for (const [element, value] of Object.entries(fields)) {
    if (element === '.') set.member = true;
    else if (/^[fkvi]:/.test(element)) {
      const isLeaf = isObject(value) && isEmptyObject(value);
      set.children.set(element, isLeaf ? LEAF : fromFieldsV1(value, depth + 1));
    }
  }
  return set;
}

/** How a field with nothing below it is written. */
const NOTHING: JsonObject = Object.freeze({});

export function toFieldsV1(set: FieldSet): JsonObject {
  if (set.children.size === 0) return NOTHING;
  const fields: JsonObject = {};
  const elements = [...set.children.keys()].sort();
  const kept = elements.filter((element) => !isEmptySet(set.children.get(element) ?? emptySet()));
  if (set.member && kept.length > 0) fields['.'] = {};
  for (const element of kept) setOwn(fields, element, toFieldsV1(set.children.get(element) ?? emptySet()));
  return fields;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const result: FieldSet = { member: a.member || b.member, children: new Map(a.children) };
  for (const [element, child] of b.children) {
    const other = a.children.get(element);
    result.children.set(element, other ? union(other, child) : child);
  }
  return result;
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { member: a.member && b.member, children: new Map() };
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    if (other) result.children.set(element, intersection(child, other));
  }
  return result;
}

/** What is in `a` and not in `b`. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  const result: FieldSet = { member: a.member && !b.member, children: new Map() };
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    result.children.set(element, other ? difference(child, other) : child);
  }
  return result;
}

/** What is in `a` and neither in `b` nor below a member of `b`: for fields that are gone with all that they held. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (b.member) return emptySet();
  const result: FieldSet = { member: a.member, children: new Map() };
  for (const [element, child] of a.children) {
    const other = b.children.get(element);
    result.children.set(element, other ? recursiveDifference(child, other) : child);
  }
  return result;
}

export function equalSets(a: FieldSet, b: FieldSet): boolean {
  return isEmptySet(difference(a, b)) && isEmptySet(difference(b, a));
}

/** Every member as people read it: `.spec.containers[name="c"].image`. */
export function pathsOf(set: FieldSet, prefix = ''): string[] {
  const own = set.member ? [prefix] : [];
  return [
    ...own,
    ...[...set.children].flatMap(([element, child]) => pathsOf(child, prefix + elementText(element))),
  ];
}

function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element.charAt(0)) {
    case 'f':
      return `.${rest}`;
    case 'v':
      return `[=${rest}]`;
    case 'k': {
      // Written by keyElement, or by a client; in the second case it may be anything.
      try {
        const keys: unknown = JSON.parse(rest);
        if (!isObject(keys)) return `[${rest}]`;
        return `[${Object.entries(keys)
          .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
          .join(',')}]`;
      } catch {
        return `[${rest}]`;
      }
    }
    default:
      return `[${rest}]`;
  }
}
