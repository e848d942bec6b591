import { isObject, type JsonObject } from '../../meta/json';
import { type Node, shapeOfValue } from './nodes';
import { elementKey, isUnset, isZero } from './typed';

/** Sets that are kept for the next object of the same structure. */
const MOST_KEPT = 1000;
const LONGEST_KEPT = 16 * 1024;
const kept = new Map<string, JsonObject>();

/**
 * The fields that the creator of an object owns, as FieldsV1: all of them, but for those that are there in any case.
 * Equal to what comparing with nothing finds, at a fraction of its cost: objects made of one template share the
 * result, which is frozen. Undefined: nothing is owned.
 */
export function createdFields(node: Node, object: JsonObject): JsonObject | undefined {
  const text = textOf(node, object, true, true);
  if (text === '') return undefined;
  const known = kept.get(text);
  if (known) return known;
  const fields = frozen(JSON.parse(text) as JsonObject);
  if (text.length <= LONGEST_KEPT) {
    if (kept.size >= MOST_KEPT) kept.clear();
    kept.set(text, fields);
  }
  return fields;
}

/** `there`: this place was there before, if with nothing in it; so is the metadata of the `whole` object. */
function textOf(node: Node, value: unknown, there: boolean, whole = false): string {
  const shape = shapeOfValue(node, value);
  if (shape === 'scalar' || shape === 'atomic') return there && isZero(value) ? '' : '{}';
  let parts = '';
  if (shape === 'struct' || shape === 'map') {
    const object = value as JsonObject;
    for (const name in object) {
      const item = object[name];
      const child = item === undefined ? undefined : node.field(name);
      if (!child || (there && isUnset(node, item))) continue;
      const text = textOf(child, item, there && (child.always || (whole && name === 'metadata')));
      if (text !== '') parts += fieldLabel(name) + text;
    }
  } else {
    const seen = new Set<string>();
    for (const item of value as unknown[]) {
      const key = elementKey(node, item);
      if (seen.has(key)) continue;
      seen.add(key);
      parts += `,${JSON.stringify(key)}:${textOf(node.element(), item, false) || '{}'}`;
    }
  }
  if (parts === '') return there ? '' : '{}';
  return there ? `{${parts.slice(1)}}` : `{".":{}${parts}}`;
}

const labels = new Map<string, string>();
const MOST_LABELS = 5000;

/** `,"f:NAME":` — the names of fields come again and again. */
function fieldLabel(name: string): string {
  let label = labels.get(name);
  if (label === undefined) {
    label = `,${JSON.stringify(`f:${name}`)}:`;
    if (labels.size < MOST_LABELS && name.length < 100) labels.set(name, label);
  }
  return label;
}

/** What most fields hold: of many thousand of them none has to be frozen for itself. */
const NOTHING: JsonObject = Object.freeze({});

function frozen(value: JsonObject): JsonObject {
  let isEmpty = true;
  for (const name in value) {
    isEmpty = false;
    const child = value[name];
    if (isObject(child)) value[name] = frozen(child);
  }
  return isEmpty ? NOTHING : (Object.freeze(value) as JsonObject);
}
