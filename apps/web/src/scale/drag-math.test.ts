import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MOST_REPLICAS, placeAfter, scaleKey, softStop, targetAt } from './drag-math';

const shape = { perRow: 14, pitch: 32, rowPitch: 32 };
const grip = (count: number) => ({ count, slots: count, shape });

describe('targetAt', () => {
  it('counts one for each tile that the hand passes', () => {
    expect(targetAt(grip(3), 0, 0)).toBe(3);
    expect(targetAt(grip(3), 160, 0)).toBe(8);
    expect(targetAt(grip(3), 15, 0)).toBe(3);
    expect(targetAt(grip(3), 17, 0)).toBe(4);
    expect(targetAt(grip(3), -64, 0)).toBe(1);
  });

  it('stops at none', () => {
    expect(targetAt(grip(3), -500, 0)).toBe(0);
  });

  it('goes on beyond the edge, a little faster', () => {
    expect(targetAt(grip(3), 11 * 32, 0)).toBe(14);
    expect(targetAt(grip(3), 15 * 32, 0)).toBe(18);
    expect(targetAt(grip(3), 31 * 32, 0)).toBe(44);
  });

  it('takes whole rows, and forgives a hand that is not level', () => {
    expect(targetAt(grip(20), 0, 32)).toBe(34);
    expect(targetAt(grip(20), 0, 20)).toBe(20);
    expect(targetAt(grip(3), 64, 60)).toBe(5);
  });

  it('never goes down while the hand goes right, nor out of bounds', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: -3000, max: 3000 }), fc.nat(400), (count, dx, more) => {
        const from = targetAt(grip(count), dx, 0);
        const to = targetAt(grip(count), dx + more, 0);
        expect(to).toBeGreaterThanOrEqual(from);
        expect(from).toBeGreaterThanOrEqual(0);
        expect(to).toBeLessThanOrEqual(MOST_REPLICAS);
      }),
    );
  });
});

describe('softStop', () => {
  it('holds the hand at what fits, and never below what there is', () => {
    expect(softStop(8, 3, 11)).toBe(8);
    expect(softStop(37, 3, 11)).toBe(11);
    expect(softStop(20, 14, 11)).toBe(14);
    expect(softStop(2, 14, 11)).toBe(2);
    expect(softStop(37, 3, undefined)).toBe(37);
  });
});

describe('placeAfter', () => {
  it('keeps the handle at the end of a full row', () => {
    expect(placeAfter(0, 14)).toEqual({ column: 0, row: 0 });
    expect(placeAfter(3, 14)).toEqual({ column: 3, row: 0 });
    expect(placeAfter(14, 14)).toEqual({ column: 14, row: 0 });
    expect(placeAfter(15, 14)).toEqual({ column: 1, row: 1 });
  });
});

describe('scaleKey', () => {
  const state = { target: 3, typed: '', room: 11 };
  it('moves by one, by five, to none and to what fits', () => {
    expect(scaleKey('ArrowRight', state)).toEqual({ do: 'set', target: 4, typed: '' });
    expect(scaleKey('PageDown', state)).toEqual({ do: 'set', target: 0, typed: '' });
    expect(scaleKey('Home', state)).toEqual({ do: 'set', target: 0, typed: '' });
    expect(scaleKey('End', state)).toEqual({ do: 'set', target: 11, typed: '' });
    expect(scaleKey('End', { ...state, room: undefined })).toEqual({ do: 'set', target: 13, typed: '' });
  });
  it('takes a typed number', () => {
    expect(scaleKey('1', state)).toEqual({ do: 'set', target: 1, typed: '1' });
    expect(scaleKey('2', { ...state, target: 1, typed: '1' })).toEqual({
      do: 'set',
      target: 12,
      typed: '12',
    });
    expect(scaleKey('Backspace', { ...state, target: 12, typed: '12' })).toEqual({
      do: 'set',
      target: 1,
      typed: '1',
    });
  });
  it('leaves other keys to the page', () => {
    expect(scaleKey('Tab', state)).toBeUndefined();
    expect(scaleKey('k', state)).toBeUndefined();
  });
});
