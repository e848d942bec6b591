/** Equal as JSON documents, the order of keys aside; a member that is undefined is as good as absent. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, i) => sameJson(item, b[i]))
    );
  }
  return (
    Object.entries(a).every(([key, value]) =>
      sameJson(value, Object.hasOwn(b, key) ? Reflect.get(b, key) : undefined),
    ) && Object.entries(b).every(([key, value]) => value === undefined || Object.hasOwn(a, key))
  );
}
