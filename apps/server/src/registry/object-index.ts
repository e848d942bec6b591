import type { Entry } from './entry';

/** The entries of one namespace (or of a cluster-scoped resource) in the order of their names. */
class Shelf {
  readonly entries: Entry[] = [];

  /** Position of the first entry whose name is not less. */
  position(name: string): number {
    let low = 0;
    let high = this.entries.length;
    // Names mostly arrive in bulk and in order: look at the end first.
    const last = this.entries[high - 1];
    if (last && last.name < name) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.entries[middle];
      if (entry && entry.name < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Every object of a resource: a hash by key, and per namespace a list sorted by name. The order over namespaces is
 * that of the store's keys, where `/` follows the namespace: `a-b/x` comes before `a/x`.
 */
export class ObjectIndex {
  readonly #byKey = new Map<string, Entry>();
  readonly #shelves = new Map<string, Shelf>();
  /** Names of the shelves, in key order. */
  #order: string[] = [];

  get size(): number {
    return this.#byKey.size;
  }

  get(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  set(entry: Entry): void {
    const replaces = this.#byKey.has(entry.key);
    this.#byKey.set(entry.key, entry);
    const shelf = this.#shelf(entry.namespace ?? '');
    const position = shelf.position(entry.name);
    if (replaces) shelf.entries[position] = entry;
    else shelf.entries.splice(position, 0, entry);
  }

  delete(entry: Entry): void {
    if (!this.#byKey.delete(entry.key)) return;
    const namespace = entry.namespace ?? '';
    const shelf = this.#shelf(namespace);
    shelf.entries.splice(shelf.position(entry.name), 1);
    if (shelf.entries.length === 0) {
      this.#shelves.delete(namespace);
      this.#order = this.#order.filter((other) => other !== namespace);
    }
  }

  /** The live, sorted entries of one namespace: do not keep or change it. */
  inNamespace(namespace: string): readonly Entry[] {
    return this.#shelves.get(namespace)?.entries ?? [];
  }

  /** Everything, in key order. */
  *all(): Generator<Entry> {
    for (const namespace of this.#order) yield* this.inNamespace(namespace);
  }

  /** Everything, namespace by namespace in key order. */
  *shelves(): Generator<readonly Entry[]> {
    for (const namespace of this.#order) yield this.inNamespace(namespace);
  }

  #shelf(namespace: string): Shelf {
    let shelf = this.#shelves.get(namespace);
    if (!shelf) {
      shelf = new Shelf();
      this.#shelves.set(namespace, shelf);
      const at = this.#order.findIndex((other) => `${other}/` > `${namespace}/`);
      if (at < 0) this.#order.push(namespace);
      else this.#order.splice(at, 0, namespace);
    }
    return shelf;
  }
}
