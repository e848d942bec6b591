/** Where an item stands in the one heap that holds it; -1 in none. Kept by the heap. */
export interface HeapItem {
  heapSlot: number;
}

/** A binary heap whose items know their place, so that any of them can be removed in logarithmic time. */
export class Heap<T extends HeapItem> {
  #items: T[] = [];
  constructor(private readonly compare: (a: T, b: T) => number) {}

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#place(item, this.#items.length - 1);
    this.#up(item);
  }

  pop(): T | undefined {
    const first = this.#items[0];
    if (first) this.remove(first);
    return first;
  }

  /** The item must be in this heap. */
  remove(item: T): void {
    const slot = item.heapSlot;
    item.heapSlot = -1;
    const last = this.#items.pop();
    if (!last || last === item) return;
    this.#place(last, slot);
    this.#up(last);
    this.#down(last);
  }

  #place(item: T, slot: number): void {
    this.#items[slot] = item;
    item.heapSlot = slot;
  }

  #up(item: T): void {
    while (item.heapSlot > 0) {
      const parent = this.#items[(item.heapSlot - 1) >> 1] as T; // slot > 0 has a parent
      if (this.compare(parent, item) <= 0) return;
      this.#swap(parent, item);
    }
  }

  #down(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.heapSlot + 1];
      if (!left) return;
      const right = this.#items[2 * item.heapSlot + 2];
      const child = right && this.compare(right, left) < 0 ? right : left;
      if (this.compare(item, child) <= 0) return;
      this.#swap(item, child);
    }
  }

  #swap(a: T, b: T): void {
    const slot = a.heapSlot;
    this.#place(a, b.heapSlot);
    this.#place(b, slot);
  }
}
