import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantities,
  canonicalQuantity,
  compareQuantities,
  formatQuantity,
  isQuantity,
  parseQuantity,
  quantityMillis,
  quantityValue,
  subtractQuantities,
} from './quantity';

describe('canonical form', () => {
  it.each([
    ['0', '0'],
    ['0.0Gi', '0'],
    ['0.5', '500m'],
    ['1000m', '1'],
    ['1500m', '1500m'],
    ['1.5Gi', '1536Mi'],
    ['1024Mi', '1Gi'],
    ['1023', '1023'],
    ['0.5Ki', '512'],
    ['0.1Ki', '102400m'],
    ['1e3', '1e3'],
    ['2E6', '2e6'],
    ['100000', '100k'],
    ['12345', '12345'],
    ['+5', '5'],
    ['-0.25', '-250m'],
    ['.5', '500m'],
    ['5.', '5'],
    ['0.0000000001', '1n'],
    ['1E', '1E'],
    ['9223372036854775808', '9223372036854775807'],
    ['-2Ki', '-2Ki'],
  ])('%s is written as %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each(['', ' ', '1 ', 'abc', '1ki', '1.2.3', '1e', '--1', '1mi', 'Ki', '0x10', '1'.repeat(200)])(
    'refuses %j',
    (text) => {
      expect(isQuantity(text)).toBe(false);
      expect(() => parseQuantity(text)).toThrow(RangeError);
    },
  );
});

const quantity = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 9n), max: 10n ** 9n }),
    fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'Ki', 'Mi', 'e3', 'e-2'),
  )
  .map(([number, suffix]) => `${number}${suffix}`);

describe('properties', () => {
  it('keeps the value and is stable', () => {
    fc.assert(
      fc.property(quantity, (text) => {
        const canonical = canonicalQuantity(text);
        expect(parseQuantity(canonical).nanos).toBe(parseQuantity(text).nanos);
        expect(canonicalQuantity(canonical)).toBe(canonical);
      }),
    );
  });

  it('adds and subtracts exactly', () => {
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        const sum = addQuantities(a, b);
        expect(parseQuantity(sum).nanos).toBe(parseQuantity(a).nanos + parseQuantity(b).nanos);
        expect(compareQuantities(subtractQuantities(sum, b), a)).toBe(0);
      }),
    );
  });

  it('orders like the numbers', () => {
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        const difference = parseQuantity(a).nanos - parseQuantity(b).nanos;
        expect(Math.sign(compareQuantities(a, b))).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0);
      }),
    );
  });
});

it('rounds numbers for the scheduler up', () => {
  expect(quantityMillis('100m')).toBe(100);
  expect(quantityMillis('0.5')).toBe(500);
  expect(quantityMillis('1u')).toBe(1);
  expect(quantityValue('1500m')).toBe(2);
  expect(quantityValue('1Ki')).toBe(1024);
  expect(quantityValue('-1500m')).toBe(-2);
});

it('adds in the family of the first summand', () => {
  expect(addQuantities('1Gi', '1G')).toBe('2073741824');
  expect(addQuantities('1G', '1Gi')).toBe('2073741824');
  expect(addQuantities('0', '512Mi')).toBe('512Mi');
  expect(formatQuantity(parseQuantity('3000Mi'))).toBe('3000Mi');
});
