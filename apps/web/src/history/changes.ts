export interface Change {
  /** `spec.containers[0].image` */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Bookkeeping that moves with every write and tells nobody anything. */
const NOISE = /^metadata\.(resourceVersion|managedFields|generation|uid|creationTimestamp)(\.|\[|$)/;

/** What differs between two objects, leaf by leaf, in the order of the objects' own fields. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const changes: Change[] = [];
  compare('', before, after, changes);
  return changes.filter(({ path }) => !NOISE.test(path));
}

function compare(path: string, before: unknown, after: unknown, changes: Change[]): void {
  if (Object.is(before, after)) return;
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let at = 0; at < Math.max(before.length, after.length); at += 1) {
      compare(`${path}[${at}]`, before[at], after[at], changes);
    }
    return;
  }
  if (isObject(before) && isObject(after)) {
    const a = new Map(Object.entries(before));
    const b = new Map(Object.entries(after));
    for (const key of new Set([...a.keys(), ...b.keys()])) {
      compare(path ? `${path}.${key}` : key, a.get(key), b.get(key), changes);
    }
    return;
  }
  changes.push({ path, before, after });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
