/** Helpers for JSON values of unknown origin. Keys such as `__proto__` are data here, never prototypes. */

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for an object without members, and for what can have none. */
export function isEmptyObject(value: unknown): boolean {
  for (const _key in value as object) return false;
  return true;
}

/** Sets an own property, even one named `__proto__`. */
export function setOwn(object: JsonObject, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    object[key] = value;
  }
}

/** A deep copy of a JSON value. Throws RangeError when nested deeper than `depth`. */
export function cloneJson<T>(value: T, depth = 500): T {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) throw new RangeError('value is nested too deeply');
  // The copies have the same shape as their originals, which the compiler cannot see.
  if (Array.isArray(value)) return value.map((element) => cloneJson(element, depth - 1)) as T;
  const copy: JsonObject = {};
  for (const key of Object.keys(value)) setOwn(copy, key, cloneJson((value as JsonObject)[key], depth - 1));
  return copy as T;
}

/** Deep equality of JSON values; the order of keys does not count, and an undefined member equals an absent one. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equalJson(a[i], b[i])) return false;
    return true;
  }
  let members = 0;
  for (const key of Object.keys(a)) {
    const value = (a as JsonObject)[key];
    if (value === undefined) continue;
    members++;
    if (!Object.hasOwn(b, key) || !equalJson(value, (b as JsonObject)[key])) return false;
  }
  for (const key of Object.keys(b)) if ((b as JsonObject)[key] !== undefined) members--;
  return members === 0;
}
