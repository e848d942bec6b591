import type { ManagedFieldsEntry } from 'kubernetes-types/meta/v1';
import { isObject, type JsonObject } from '../../meta/json';
import { equalSets, type FieldSet, fromFieldsV1, isEmptySet, toFieldsV1 } from './field-set';
import { entriesOf, type UpdateOptions } from './managed-fields';
import { type Node, shapeOfValue } from './nodes';
import { fieldsOf } from './typed';

/**
 * A list of which one manager alone owns every element, with all that is in it, is written down as one thing of its:
 * `{"f:parts":{}}`. As soon as a second manager owns an element, or the first does not own all, each is written by
 * its key. So a list that nobody shares costs one word, whatever its length; nothing is lost, since the elements are
 * those that the object has. Only for kinds that users define
 * and whose fields are owned themselves: clients expect the keys in others.
 */
type Types = Pick<UpdateOptions, 'node' | 'apiVersion' | 'inVersion'>;

/** The entries with the lists of `object` that one applier owns alone written as one thing. */
export function packLists(
  entries: readonly ManagedFieldsEntry[],
  object: JsonObject,
  types: Types,
): ManagedFieldsEntry[] {
  const sets = entries.map(({ fieldsV1 }) => fromFieldsV1(fieldsV1));
  return entries.map((entry, index) => {
    const own = sets[index];
    if (!own || entry.apiVersion !== types.apiVersion) return entry;
    const others = sets.filter((set) => set !== own);
    const packed = eachList(types.node, object, own, (set, all, path) => {
      const isShared = others.some((other) => !isEmptySet(at(other, path)));
      return !isShared && !isEmptySet(all) && equalSets(set, all) ? WHOLE : undefined;
    });
    return packed ? { ...entry, fieldsV1: toFieldsV1(own) } : entry;
  });
}

/** The object with every list that is written as one thing in its owners written by its elements. */
export function withUnpackedLists<T extends JsonObject>(object: T, live: JsonObject, types: Types): T {
  const entries = entriesOf(object);
  if (entries.length === 0 || !isObject(object.metadata)) return object;
  let isChanged = false;
  const managedFields = entries.map((entry) => {
    const view = viewOf(entry, live, types);
    if (!view) return entry;
    const own = fromFieldsV1(entry.fieldsV1);
    const unpacked = eachList(view.node, view.object, own, (set, all) =>
      set.member && set.children.size === 0 ? all : undefined,
    );
    if (!unpacked) return entry;
    isChanged = true;
    return { ...entry, fieldsV1: toFieldsV1(own) };
  });
  return isChanged ? { ...object, metadata: { ...object.metadata, managedFields } } : object;
}

const WHOLE: FieldSet = { member: true, children: new Map() };
const NONE: FieldSet = { member: false, children: new Map() };

function viewOf({ apiVersion = '' }: ManagedFieldsEntry, live: JsonObject, types: Types) {
  if (apiVersion === types.apiVersion) return { node: types.node, object: live };
  const view = types.inVersion?.(apiVersion);
  return view && { node: view.node, object: view.convert(live) };
}

/** What owning all of a list that is a field of `parent` comes to; nothing for a list that is not of its type. */
function allOf(parent: Node, list: Node, value: unknown): FieldSet {
  try {
    const all = fieldsOf(list, value);
    if (parent.ownsFields) all.member = true;
    return all;
  } catch {
    return NONE;
  }
}

/** Answers what takes the place of a list's owned elements; `all` is what owning all of them comes to. */
type Replace = (set: FieldSet, all: FieldSet, path: readonly string[]) => FieldSet | undefined;

/**
 * Asks for each list of owned elements; true when it was answered for any. Metadata is left as it is: its lists are
 * those of built-in kinds. So are lists within lists.
 */
function eachList(
  parent: Node,
  object: unknown,
  owned: FieldSet,
  replace: Replace,
  path: readonly string[] = [],
): boolean {
  if (!isObject(object)) return false;
  let isReplaced = false;
  for (const [element, set] of owned.children) {
    if (!element.startsWith('f:') || (path.length === 0 && element === 'f:metadata')) continue;
    const name = element.slice(2);
    const node = parent.field(name);
    if (!node || !Object.hasOwn(object, name)) continue;
    const value = object[name];
    const here = [...path, element];
    const shape = shapeOfValue(node, value);
    if (shape === 'keyed' || shape === 'set') {
      const other = replace(set, allOf(parent, node, value), here);
      if (other) owned.children.set(element, other);
      isReplaced ||= other !== undefined;
    } else if (eachList(node, value, set, replace, here)) {
      isReplaced = true;
    }
  }
  return isReplaced;
}

function at(set: FieldSet, path: readonly string[]): FieldSet {
  return path.reduce((inner, element) => inner.children.get(element) ?? NONE, set);
}
