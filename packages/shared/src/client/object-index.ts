import { type KubeObject, keyOf, type ObjectKey, type Stored } from '../meta/object';

type IndexFunction<T extends KubeObject> = (object: Stored<T>) => string[];

/** Objects by key, and by every value that each index function gives for them. */
export class ObjectIndex<T extends KubeObject> {
  readonly #objects = new Map<ObjectKey, Stored<T>>();
  /** index name → value → keys. Holds exactly what the functions return for the objects in `#objects`. */
  readonly #indexes = new Map<string, { of: IndexFunction<T>; keys: Map<string, Set<ObjectKey>> }>();

  constructor(functions: Readonly<Record<string, IndexFunction<T>>> = {}) {
    for (const [name, of] of Object.entries(functions)) this.#indexes.set(name, { of, keys: new Map() });
  }

  get(key: ObjectKey): Stored<T> | undefined {
    return this.#objects.get(key);
  }

  list(): Stored<T>[] {
    return [...this.#objects.values()];
  }

  keys(): ObjectKey[] {
    return [...this.#objects.keys()];
  }

  byIndex(name: string, value: string): Stored<T>[] {
    const index = this.#indexes.get(name);
    if (!index) throw new Error(`there is no index named "${name}"`);
    const result: Stored<T>[] = [];
    for (const key of index.keys.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object) result.push(object);
    }
    return result;
  }

  set(object: Stored<T>): void {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const { of, keys } of this.#indexes.values()) {
      const values = new Set(of(object));
      if (previous) {
        for (const value of of(previous)) if (!values.has(value)) remove(keys, value, key);
      }
      for (const value of values) {
        const set = keys.get(value);
        if (set) set.add(key);
        else keys.set(value, new Set([key]));
      }
    }
  }

  delete(key: ObjectKey): void {
    const previous = this.#objects.get(key);
    if (!previous) return;
    this.#objects.delete(key);
    for (const { of, keys } of this.#indexes.values())
      for (const value of of(previous)) remove(keys, value, key);
  }
}

function remove(keys: Map<string, Set<ObjectKey>>, value: string, key: ObjectKey): void {
  const set = keys.get(value);
  if (!set) return;
  set.delete(key);
  if (set.size === 0) keys.delete(value);
}
