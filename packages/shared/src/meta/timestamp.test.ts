import fc from 'fast-check';
import { expect, it } from 'vitest';
import { timestamp } from './timestamp';

it('cuts to whole seconds, whatever was asked before', () => {
  const time = fc.date({
    min: new Date('0001-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59Z'),
    noInvalidDate: true,
  });
  const near = fc.tuple(time, fc.integer({ min: 0, max: 2000 }));
  fc.assert(
    fc.property(near, ([first, later]) => {
      for (const each of [first, new Date(first.getTime() + later), first]) {
        expect(timestamp(each)).toBe(`${each.toISOString().slice(0, 19)}Z`);
      }
    }),
  );
});

it('refuses what is no time', () => {
  expect(() => timestamp(new Date(Number.NaN))).toThrow(RangeError);
});
