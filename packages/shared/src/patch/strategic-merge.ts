import { apiError, badRequest } from '../errors';
import { cloneJson, isObject, type JsonObject, setOwn } from '../meta/json';
import { type FieldType, hasTypeSchema, typeSchema } from '../meta/schema';

/**
 * Strategic merge patch: like a merge patch, but lists that the schema marks with `patchStrategy: merge` are
 * merged element by element (objects by their merge key, primitives as sets), and a patch may carry directives:
 *
 *   $patch: replace | delete          in an object: replaces or removes it; in an element of a list likewise
 *   $retainKeys: [a, b]               drops all other keys of the live object
 *   $setElementOrder/<list>: [...]    the order that the merged list takes
 *   $deleteFromPrimitiveList/<list>   values to take out of a list of primitives
 *
 * Order without $setElementOrder: patched elements come in the patch's order, the others are put in between
 * where the live order tells, so elements new to the list come first.
 */
export function applyStrategicMergePatch(document: unknown, patch: unknown, schema: string): unknown {
  if (!isObject(patch)) throw badRequest('error decoding patch: a strategic merge patch must be an object');
  return mergeObject(isObject(document) ? document : {}, patch, { form: 'object', type: schema }, MAX_DEPTH);
}

const MAX_DEPTH = 500;
const PATCH = '$patch';
const RETAIN = '$retainKeys';
const ORDER = '$setElementOrder/';
const DELETE_FROM = '$deleteFromPrimitiveList/';

/** What the schema says of one field of an object or map. */
interface FieldPlan {
  readonly type: FieldType | undefined;
  readonly mergeList: boolean;
  readonly replaceObject: boolean;
  readonly mergeKey: string | undefined;
}

const UNKNOWN: FieldPlan = { type: undefined, mergeList: false, replaceObject: false, mergeKey: undefined };

function planOf(owner: FieldType | undefined, field: string): FieldPlan {
  if (owner?.form === 'map') return { ...UNKNOWN, type: owner.of };
  if (owner?.form !== 'object' || !hasTypeSchema(owner.type)) return UNKNOWN;
  const schema = typeSchema(owner.type).fields.get(field);
  if (!schema) return UNKNOWN;
  const strategies = schema.merge.patchStrategy?.split(',') ?? [];
  return {
    type: schema.type,
    mergeList: strategies.includes('merge'),
    replaceObject: strategies.includes('replace'),
    mergeKey: schema.merge.patchMergeKey,
  };
}

function mergeObject(
  live: JsonObject,
  patch: JsonObject,
  type: FieldType | undefined,
  depth: number,
): JsonObject {
  if (depth === 0) throw badRequest('the patch is nested too deeply');
  if (Object.hasOwn(patch, PATCH)) {
    if (patch[PATCH] === 'replace') return contentOf(patch, depth);
    if (patch[PATCH] === 'delete') return {};
    throw badRequest(`Unknown patch type found: ${String(patch[PATCH])} in map`);
  }
  const result: JsonObject = {};
  const retained = retainedKeys(patch);
  for (const key of Object.keys(live)) {
    if (!retained || retained.has(key)) setOwn(result, key, cloneJson(live[key]));
  }

  for (const key of Object.keys(patch)) {
    if (!key.startsWith(DELETE_FROM)) continue;
    const field = key.slice(DELETE_FROM.length);
    deleteFromList(result, field, patch[key], planOf(type, field));
  }
  for (const key of Object.keys(patch)) {
    if (key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE_FROM)) continue;
    const value = patch[key];
    const merged = value === null ? undefined : mergeField(result, key, value, patch, { type, depth });
    if (merged === undefined) delete result[key];
    else setOwn(result, key, merged);
  }
  // An order may be given for a list that the patch does not touch otherwise.
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(ORDER)) continue;
    const field = key.slice(ORDER.length);
    if (Object.hasOwn(patch, field) || !Object.hasOwn(result, field)) continue;
    const plan = planOf(type, field);
    const list = result[field];
    const order = listOf(patch[key], key);
    if (Array.isArray(list) && plan.mergeList) {
      setOwn(result, field, arrange(list, { first: order, liveOrder: list, key: plan.mergeKey }));
    }
  }
  return result;
}

interface Place {
  readonly type: FieldType | undefined;
  readonly depth: number;
}

/** Undefined: the field goes. */
function mergeField(
  target: JsonObject,
  key: string,
  value: unknown,
  patch: JsonObject,
  place: Place,
): unknown {
  const plan = planOf(place.type, key);
  const live = Object.hasOwn(target, key) ? target[key] : undefined;
  const depth = place.depth - 1;
  if (isObject(value) && isObject(live)) {
    return plan.replaceObject ? contentOf(value, depth) : mergeObject(live, value, plan.type, depth);
  }
  if (!Array.isArray(value)) return isObject(value) ? newContentOf(value, depth) : value;
  const orderKey = `${ORDER}${key}`;
  const order = Object.hasOwn(patch, orderKey) ? listOf(patch[orderKey], orderKey) : undefined;
  if (!Array.isArray(live)) return newList(value, { key: plan.mergeKey, order, field: key, depth });
  if (!plan.mergeList) return contentOfList(value, depth);
  return mergeList(live, value, {
    element: elementOf(plan.type),
    key: plan.mergeKey,
    order,
    field: key,
    depth,
  });
}

interface NewListPlan {
  readonly key: string | undefined;
  readonly order: unknown[] | undefined;
  readonly field: string;
  readonly depth: number;
}

interface ListPlan extends NewListPlan {
  readonly element: FieldType | undefined;
}

/** A list where there was none is what the patch says, in the order that it wants. */
function newList(value: unknown[], { key, order, field, depth }: NewListPlan): unknown {
  const list = newContentOf(value, depth);
  if (!order || !Array.isArray(list)) return list;
  if (key !== undefined) checkOrder(list.filter(isObject), order, key, field);
  return arrange(list, { first: order, liveOrder: [], key });
}

function mergeList(live: unknown[], patch: unknown[], plan: ListPlan): unknown[] {
  const { key } = plan;
  if (![...patch, ...live].some(isObject) || key === undefined) {
    if (patch.some(isObject)) throw unprocessable(`cannot merge lists without merge key for ${plan.field}`);
    const merged = unique([...live, ...patch]);
    return arrange(merged, { first: plan.order ?? patch, liveOrder: live, key: undefined });
  }

  const gone = new Set<string>();
  const rest: JsonObject[] = [];
  let replace = false;
  for (const element of patch) {
    if (!isObject(element)) throw badRequest(`an element of ${plan.field} is not an object`);
    switch (Object.hasOwn(element, PATCH) ? element[PATCH] : undefined) {
      case undefined:
        rest.push(element);
        break;
      case 'delete':
        gone.add(keyIdentity(keyValue(element, key)));
        break;
      case 'replace':
        // Said of the list, not of an element: what else stands beside the directive is not looked at.
        replace = true;
        break;
      default:
        throw badRequest(`unexpected value ${String(element[PATCH])} of ${PATCH} in a list`);
    }
  }
  if (replace) return rest.map((element) => contentOf(element, plan.depth));

  if (plan.order) checkOrder(rest, plan.order, key, plan.field);
  const base =
    gone.size === 0 ? live : live.filter((item) => !(isObject(item) && gone.has(keyIdentity(item[key]))));
  const merged = [...base];
  const places = new Map<string, number>();
  for (const [i, item] of merged.entries()) {
    const id = isObject(item) ? keyIdentity(item[key]) : undefined;
    if (id !== undefined && !places.has(id)) places.set(id, i);
  }
  for (const element of rest) {
    const id = keyIdentity(keyValue(element, key));
    const at = places.get(id) ?? merged.length;
    const existing = merged[at];
    merged[at] = isObject(existing)
      ? mergeObject(existing, element, plan.element, plan.depth)
      : contentOf(element, plan.depth);
    places.set(id, at);
  }
  return arrange(merged, { first: plan.order ?? rest, liveOrder: base, key });
}

/** Keys are scalars; what else a patch may put there equals only what is written alike. */
function keyIdentity(value: unknown): string {
  return JSON.stringify(value) ?? '';
}

function keyValue(element: JsonObject, key: string): unknown {
  if (!Object.hasOwn(element, key)) {
    throw unprocessable(`map: ${JSON.stringify(element)} does not contain declared merge key: ${key}`);
  }
  return element[key];
}

/** The elements of a patched list must stand in the order that the patch itself demands. */
function checkOrder(
  elements: readonly JsonObject[],
  order: readonly unknown[],
  key: string,
  field: string,
): void {
  let from = 0;
  for (const element of elements) {
    const at = order.findIndex((item, i) => i >= from && sameElement(item, element, key));
    if (at < 0)
      throw badRequest(`the order in the patch list ${field} does not match its ${ORDER}${field} list`);
    from = at + 1;
  }
}

interface Arrangement {
  /** Elements (or just their keys) in the order wanted. */
  readonly first: readonly unknown[];
  readonly liveOrder: readonly unknown[];
  readonly key: string | undefined;
}

/**
 * Orders `list`: what `first` names, in its order; what it does not name goes before the first named element
 * that followed it in the live list.
 */
function arrange(list: readonly unknown[], { first, liveOrder, key }: Arrangement): unknown[] {
  const rank = rankOf(first, key);
  const liveRank = rankOf(liveOrder, key);
  const placed = list.map((item) => ({ item, rank: rank(item), live: liveRank(item) }));
  const named = placed.filter((one) => one.rank >= 0).sort((a, b) => a.rank - b.rank);
  const others = placed.filter((one) => one.rank < 0).sort((a, b) => a.live - b.live);
  const result: unknown[] = [];
  let next = others[0];
  let taken = 0;
  for (const { item, live } of named) {
    while (live >= 0 && next && next.live < live) {
      result.push(next.item);
      next = others[++taken];
    }
    result.push(item);
  }
  for (const { item } of others.slice(taken)) result.push(item);
  return result;
}

/** Position of an element in `order` by its key (or value), -1 when it is not there. */
function rankOf(order: readonly unknown[], key: string | undefined): (item: unknown) => number {
  const ranks = new Map<string, number>();
  order.forEach((item, i) => {
    const id = identity(item, key);
    if (!ranks.has(id)) ranks.set(id, i);
  });
  return (item) => ranks.get(identity(item, key)) ?? -1;
}

function identity(item: unknown, key: string | undefined): string {
  return JSON.stringify(key !== undefined && isObject(item) ? item[key] : item) ?? '';
}

function sameElement(a: unknown, b: unknown, key: string): boolean {
  return identity(a, key) === identity(b, key);
}

function unique(values: readonly unknown[]): unknown[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const id = identity(value, undefined);
    return seen.has(id) ? false : seen.add(id);
  });
}

/** A list that is replaced as a whole knows no parts to be taken out of: it becomes what was to go, as in Kubernetes. */
function deleteFromList(target: JsonObject, field: string, values: unknown, plan: FieldPlan): void {
  const named = listOf(values, `${DELETE_FROM}${field}`);
  const gone = new Set(named.map((value) => identity(value, undefined)));
  const list = Object.hasOwn(target, field) ? target[field] : undefined;
  if (Array.isArray(list) && !plan.mergeList) {
    setOwn(target, field, cloneJson(named));
  } else if (Array.isArray(list)) {
    setOwn(
      target,
      field,
      list.filter((value) => !gone.has(identity(value, undefined))),
    );
  }
}

function retainedKeys(patch: JsonObject): ReadonlySet<string> | undefined {
  if (!Object.hasOwn(patch, RETAIN)) return undefined;
  const keys = new Set(listOf(patch[RETAIN], RETAIN).map(String));
  for (const key of Object.keys(patch)) {
    if (!key.startsWith('$') && patch[key] !== null && !keys.has(key)) {
      throw badRequest(`${RETAIN} lacks ${key}, which the patch sets`);
    }
  }
  return keys;
}

function listOf(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw badRequest(`${where} must be a list`);
  return value;
}

function elementOf(type: FieldType | undefined): FieldType | undefined {
  return type?.form === 'list' ? type.of : undefined;
}

/** A value of a patch that takes the place of another: it is what it says, directives left out, none obeyed. */
function contentOf(patch: JsonObject, depth: number): JsonObject {
  if (depth <= 0) throw badRequest('the patch is nested too deeply');
  const result: JsonObject = {};
  for (const key of Object.keys(patch)) {
    if (patch[key] === null || isDirective(key)) continue;
    setOwn(result, key, contentOfValue(patch[key], depth - 1));
  }
  return result;
}

function contentOfList(list: readonly unknown[], depth: number): unknown[] {
  if (depth <= 0) throw badRequest('the patch is nested too deeply');
  return list.map((item) => contentOfValue(item, depth - 1));
}

function contentOfValue(value: unknown, depth: number): unknown {
  if (Array.isArray(value)) return contentOfList(value, depth);
  return isObject(value) ? contentOf(value, depth) : value;
}

/** A value of a patch where there was none: likewise, but what is to be deleted is not made. Undefined: nothing. */
function newContentOf(value: unknown, depth: number): unknown {
  if (depth <= 0) throw badRequest('the patch is nested too deeply');
  if (Array.isArray(value)) {
    return value.map((item) => newContentOf(item, depth - 1)).filter((item) => item !== undefined);
  }
  if (!isObject(value)) return value;
  if (value[PATCH] === 'delete') return undefined;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    if (value[key] === null || isDirective(key)) continue;
    const content = newContentOf(value[key], depth - 1);
    if (content !== undefined) setOwn(result, key, content);
  }
  return result;
}

function isDirective(key: string): boolean {
  return key === PATCH || key === RETAIN || key.startsWith(ORDER) || key.startsWith(DELETE_FROM);
}

/** A patch that is well-formed but cannot be merged into the object. */
function unprocessable(why: string) {
  return apiError('Invalid', why);
}
