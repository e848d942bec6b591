import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap, type HeapItem } from './heap';

interface Item extends HeapItem {
  readonly value: number;
}

test('gives items in order, whatever was removed in between', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ value: fc.integer({ min: 0, max: 50 }), remove: fc.boolean() })),
      (steps) => {
        const heap = new Heap<Item>((a, b) => a.value - b.value);
        const held: Item[] = [];
        for (const { value, remove } of steps) {
          const victim = remove ? held.splice(value % (held.length || 1), 1)[0] : undefined;
          if (victim) {
            heap.remove(victim);
            continue;
          }
          const item = { value, heapSlot: -1 };
          heap.push(item);
          held.push(item);
        }
        const popped: number[] = [];
        for (let item = heap.pop(); item; item = heap.pop()) popped.push(item.value);
        expect(popped).toEqual(held.map(({ value }) => value).sort((a, b) => a - b));
      },
    ),
  );
});
