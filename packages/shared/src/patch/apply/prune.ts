import { isObject, type JsonObject, setOwn } from '../../meta/json';
import { emptySet, type FieldSet } from './field-set';
import { type Node, shapeOfValue } from './nodes';
import { elementKey } from './typed';

/**
 * Takes out of a merged object what its applier applied before (`last`) and nobody owns now (`owned`: what is applied
 * this time and what others own). A field goes with all that is in it, defaults included, once nothing in it is
 * owned. An element of a list or a map goes with all that is in it unless somebody owns the element itself: to have
 * changed something in it is not enough to keep it.
 */
export function pruneFields(node: Node, object: JsonObject, last: FieldSet, owned: FieldSet): JsonObject {
  // What the object is has always been said by the configuration.
  const metadata = owned.children.get('f:metadata') ?? emptySet();
  const children = new Map(owned.children).set('f:metadata', { ...metadata, member: true });
  const pruned = pruneWithin(node, object, { last, owned: { ...owned, children }, place: 'outside' });
  return isObject(pruned) ? pruned : {};
}

interface Sets {
  readonly last: FieldSet;
  readonly owned: FieldSet | undefined;
  /** Whether the applier had something above here, and if so, whether what it had is still owned. */
  readonly place: 'outside' | 'owned' | 'given-up';
}

/** Undefined when nothing is left. */
function pruneWithin(node: Node, value: unknown, sets: Sets): unknown {
  const shape = shapeOfValue(node, value);
  if (shape === 'atomic' || shape === 'scalar' || sets.last.children.size === 0) return value;
  if (shape === 'struct' || shape === 'map') {
    const result: JsonObject = {};
    for (const [name, item] of Object.entries(value as JsonObject)) {
      const child = node.field(name);
      const rest = child ? pruneChild(child, item, stepInto(sets, `f:${name}`), !node.ownsField(name)) : item;
      if (rest !== undefined) setOwn(result, name, rest);
    }
    return Object.keys(result).length > 0 ? result : undefined;
  }
  const rest = (value as unknown[]).flatMap((item) => {
    const kept = pruneChild(node.element(), item, stepInto(sets, elementKey(node, item)), false);
    if (kept === undefined) return [];
    // An element that stays keeps its name, whoever wrote that.
    return [
      shape === 'keyed' && isObject(kept) && isObject(item) ? { ...keysOf(node, item), ...kept } : kept,
    ];
  });
  return rest.length > 0 ? rest : undefined;
}

interface Step {
  readonly last: FieldSet | undefined;
  readonly owned: FieldSet | undefined;
  readonly place: Sets['place'];
}

function stepInto({ last, owned, place }: Sets, element: string): Step {
  return { last: last.children.get(element), owned: owned?.children.get(element), place };
}

/** `isNamed`: a field of a type, which is had by whoever has something in it. */
function pruneChild(node: Node, value: unknown, { last, owned, place }: Step, isNamed: boolean): unknown {
  // What the applier never had stays, whoever has it.
  if (!last) return value;
  const had = has(last, isNamed);
  if (place === 'given-up') return had ? undefined : pruneWithin(node, value, { last, owned, place });
  if (place === 'outside' && !had) return pruneWithin(node, value, { last, owned, place });
  if (has(owned, isNamed)) return pruneWithin(node, value, { last, owned, place: 'owned' });
  return had ? undefined : pruneWithin(node, value, { last, owned, place: 'given-up' });
}

function has(set: FieldSet | undefined, isNamed: boolean): boolean {
  return set !== undefined && (set.member || (isNamed && set.children.size > 0));
}

function keysOf(node: Node, element: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(element).filter(([name]) => node.keys.includes(name)));
}
