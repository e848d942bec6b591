import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { NodeRanges } from './ranges';

describe('NodeRanges', () => {
  it('gives the first free range, whatever the size of those in use', () => {
    const ranges = new NodeRanges('10.244.0.0/16', 24);
    expect(ranges.firstFree([])).toBe('10.244.0.0/24');
    expect(ranges.firstFree(['10.244.0.0/24', '10.244.2.0/24'])).toBe('10.244.1.0/24');
    expect(ranges.firstFree(['10.244.0.0/22', '10.244.4.128/25'])).toBe('10.244.5.0/24');
    expect(ranges.firstFree(['192.168.0.0/16', 'not a range'])).toBe('10.244.0.0/24');
    expect(new NodeRanges('127.244.0.0/16', 24).firstFree(['127.244.0.0/24'])).toBe('127.244.1.0/24');
  });

  it('says when nothing is left, and refuses ranges that cannot be', () => {
    const ranges = new NodeRanges('10.0.0.0/30', 30);
    expect(ranges.firstFree(['10.0.0.0/30'])).toBeUndefined();
    for (const wrong of ['10.0.0.0', '10.0.0.256/16', 'fd00::/48', '10.0.0.0/33']) {
      expect(() => new NodeRanges(wrong, 24)).toThrow();
    }
    expect(() => new NodeRanges('10.0.0.0/24', 16)).toThrow(/cannot get/);
  });

  it('never gives a range twice', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 60 }), (removals) => {
        const ranges = new NodeRanges('10.0.0.0/26', 30);
        const used: string[] = [];
        for (const index of removals) {
          const next = ranges.firstFree(used);
          if (next === undefined) expect(used).toHaveLength(16);
          else used.push(next);
          expect(new Set(used).size).toBe(used.length);
          if (index % 3 === 0) used.splice(index % (used.length || 1), 1);
        }
      }),
    );
  });
});

interface Case {
  readonly cluster: string;
  readonly size: number;
  readonly used: readonly string[];
}

describe('firstFree', () => {
  goldenCases<Case>(import.meta.url, 'ranges', ({ cluster, size, used }) =>
    new NodeRanges(cluster, size).firstFree(used),
  );
});
