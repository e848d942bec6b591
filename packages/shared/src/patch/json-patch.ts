import { apiError, badRequest, tooLarge } from '../errors';
import { cloneJson, equalJson, isObject, type JsonObject, setOwn } from '../meta/json';

/** More operations than any real patch has; Kubernetes draws the same line. */
const MAX_OPERATIONS = 10_000;
/** Elements of lists that operations may move in all: what is put in front of a long list moves all of it. */
const MAX_MOVED = 20_000_000;
/** What `copy` operations may add to a document in all, in characters of JSON. */
const MAX_COPIED = 3 * 1024 * 1024;

/**
 * Applies a JSON patch (RFC 6902) to a copy of `document`. A malformed patch is a BadRequest; one that cannot be
 * applied (a failing test, a missing path) is Invalid (422), as Kubernetes answers. Nothing of `document` changes.
 */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest(
      'error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch',
    );
  if (patch.length > MAX_OPERATIONS) {
    throw tooLarge(
      `The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`,
    );
  }
  const root: Root = { value: cloneJson(document), moved: 0 };
  let copied = 0;
  for (const operation of patch) {
    if (!isObject(operation)) throw badRequest('error decoding patch: an operation is not an object');
    copied += apply(root, operation);
    if (copied > MAX_COPIED) {
      throw tooLarge(
        `Unable to copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${MAX_COPIED}`,
      );
    }
  }
  return root.value;
}

interface Root {
  value: unknown;
  /** Elements of lists that have been moved so far. */
  moved: number;
}

function countMoved(root: Root, elements: number): void {
  root.moved += elements;
  if (root.moved > MAX_MOVED) throw tooLarge(`a JSON patch may move at most ${MAX_MOVED} elements of lists`);
}

/**
 * Carries out one operation; returns the size that it copied. In a few places Kubernetes' library is laxer than the
 * RFC, and clients count on it: a missing member of an object reads as null, so that it can be replaced, copied and
 * tested for null; indices may be negative and count from the end then.
 */
function apply(root: Root, operation: JsonObject): number {
  const { op, path } = operation;
  if (typeof path !== 'string') throw unprocessable(`${String(op)} operation failed to decode path`);
  switch (op) {
    case 'add':
      add(root, path, cloneJson(operand(operation)));
      return 0;
    case 'remove':
      remove(root, path);
      return 0;
    case 'replace':
      replace(root, path, cloneJson(operand(operation)));
      return 0;
    case 'move': {
      const from = fromOf(operation);
      if (from === '') throw failed(op, from, 'the whole document cannot be moved');
      if (path.startsWith(`${from}/`)) throw failed(op, path, 'a value cannot be moved into itself');
      const value = read(root, from, op);
      remove(root, from);
      add(root, path, value);
      return 0;
    }
    case 'copy': {
      const from = fromOf(operation);
      if (from === '') throw failed(op, from, 'the whole document cannot be copied');
      const value = read(root, from, op);
      add(root, path, cloneJson(value));
      return JSON.stringify(value).length;
    }
    case 'test': {
      if (!equalJson(read(root, path, op), operand(operation))) throw failed(op, path, 'test failed');
      return 0;
    }
    default:
      throw unprocessable(`Unexpected kind: ${String(op)}`);
  }
}

function operand(operation: JsonObject): unknown {
  // A missing value counts as null there, so it does here.
  return operation.value ?? null;
}

function fromOf(operation: JsonObject): string {
  const { op, from } = operation;
  if (typeof from !== 'string') throw unprocessable(`${String(op)} operation failed to decode from`);
  return from;
}

/** `/a~1b/0` -> ['a/b', '0']; '' is the whole document. What stands before the first slash is not looked at. */
function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  const slash = pointer.indexOf('/');
  if (slash < 0) throw unprocessable(`invalid JSON pointer ${JSON.stringify(pointer)}`);
  return pointer
    .slice(slash + 1)
    .split('/')
    .map((part) => part.replace(/~1/g, '/').replace(/~0/g, '~'));
}

const MISSING = Symbol('missing');

function child(container: unknown, key: string): unknown {
  if (Array.isArray(container)) {
    const index = indexOf(key, container.length - 1);
    return index === undefined ? MISSING : container[index];
  }
  return isObject(container) && Object.hasOwn(container, key) ? container[key] : MISSING;
}

/** An index up to `max`; negative ones count from behind it (-1 is `max`). Undefined when it is none. */
function indexOf(key: string, max: number): number | undefined {
  if (!/^[+-]?\d{1,10}$/.test(key)) return undefined;
  const asked = Number(key);
  const index = asked < 0 ? asked + max + 1 : asked;
  return index >= 0 && index <= max ? index : undefined;
}

function find(root: Root, keys: readonly string[]): unknown {
  let value: unknown = root.value;
  for (const key of keys) {
    value = child(value, key);
    if (value === MISSING) return MISSING;
  }
  return value;
}

/** The value at a path; null for a member that its object does not have. */
function read(root: Root, pointer: string, op: string): unknown {
  if (pointer === '') return root.value;
  const { container, key } = locate(root, pointer, op);
  const value = child(container, key);
  if (value !== MISSING) return value;
  if (Array.isArray(container)) throw failed(op, pointer, 'the path does not exist');
  return null;
}

/** The container that holds the last part of the path, and that part. */
function locate(root: Root, pointer: string, op: string): { container: unknown[] | JsonObject; key: string } {
  const keys = parsePointer(pointer);
  const key = keys.pop();
  const container = find(root, keys);
  if (key === undefined || !(Array.isArray(container) || isObject(container))) {
    throw failed(op, pointer, 'the path does not exist');
  }
  return { container, key };
}

function add(root: Root, pointer: string, value: unknown): void {
  const { container, key } = locate(root, pointer, 'add');
  if (Array.isArray(container)) {
    const index = key === '-' ? container.length : indexOf(key, container.length);
    if (index === undefined) throw failed('add', pointer, 'the index is out of bounds');
    countMoved(root, container.length - index);
    container.splice(index, 0, value);
  } else {
    setOwn(container, key, value);
  }
}

function replace(root: Root, pointer: string, value: unknown): void {
  if (pointer === '') {
    root.value = value;
    return;
  }
  const { container, key } = locate(root, pointer, 'replace');
  if (Array.isArray(container)) container[existing(container, { op: 'replace', pointer, key })] = value;
  else setOwn(container, key, value);
}

function remove(root: Root, pointer: string): void {
  const { container, key } = locate(root, pointer, 'remove');
  if (Array.isArray(container)) {
    const index = existing(container, { op: 'remove', pointer, key });
    countMoved(root, container.length - index);
    container.splice(index, 1);
    return;
  }
  if (!Object.hasOwn(container, key)) throw failed('remove', pointer, 'the path does not exist');
  delete container[key];
}

/** The index of an element that is there. */
function existing(list: readonly unknown[], where: { op: string; pointer: string; key: string }): number {
  const index = indexOf(where.key, list.length - 1);
  if (index === undefined) throw failed(where.op, where.pointer, 'the path does not exist');
  return index;
}

function failed(op: unknown, path: string, why: string) {
  return unprocessable(`${String(op)} operation does not apply at ${JSON.stringify(path)}: ${why}`);
}

/** A patch that is well-formed but does not fit the object. */
function unprocessable(why: string) {
  return apiError('Invalid', `the server rejected our request due to an error in our request: ${why}`);
}
