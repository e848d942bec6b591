/**
 * Resource quantities (`500m`, `1.5Gi`, `2e3`): exact fixed-point numbers in units of 10⁻⁹.
 * Rules mirrored from Kubernetes: finer values round away from zero, nothing exceeds 2⁶³-1, and the canonical
 * form keeps the family of the suffix, loses no precision and has the largest suffix that leaves no fraction.
 */
export interface Quantity {
  /** The value times 10⁹. */
  readonly nanos: bigint;
  readonly format: 'decimalSI' | 'binarySI' | 'decimalExponent';
}

const NANO = 1_000_000_000n;
const MILLI = 1_000_000n;
const MAX_NANOS = (2n ** 63n - 1n) * NANO;
const SYNTAX = /^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,9})?$/;
/** What is already canonical: a positive integer below 1000 with a suffix. */
const PLAIN = /^[1-9]\d{0,2}(?:m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/;
const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const DECIMAL_SUFFIX: ReadonlyMap<number, string> = new Map(Object.entries(DECIMAL).map(([s, e]) => [e, s]));
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** Longer texts are no quantities that anyone writes; they only cost time. */
const MAX_LENGTH = 128;

/** Undefined when `text` is no quantity. */
export function tryParseQuantity(text: string): Quantity | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const match = SYNTAX.exec(text);
  if (!match) return undefined;
  const [, sign, number = '', suffix = ''] = match;
  const dot = number.indexOf('.');
  const digits = dot < 0 ? number : number.slice(0, dot) + number.slice(dot + 1);
  const fraction = dot < 0 ? 0 : number.length - dot - 1;
  const mantissa = BigInt(digits === '' ? '0' : digits);

  let nanos: bigint;
  let format: Quantity['format'];
  if (suffix.endsWith('i')) {
    format = 'binarySI';
    nanos = scale10(mantissa * 1024n ** BigInt(BINARY.indexOf(suffix)), 9 - fraction);
  } else {
    const exponent = DECIMAL[suffix];
    format = exponent === undefined ? 'decimalExponent' : 'decimalSI';
    nanos = scale10(mantissa, 9 - fraction + (exponent ?? Number(suffix.slice(1))));
  }
  if (nanos > MAX_NANOS) nanos = MAX_NANOS;
  return { nanos: sign === '-' ? -nanos : nanos, format };
}

/** Throws RangeError when `text` is no quantity. */
export function parseQuantity(text: string): Quantity {
  const quantity = tryParseQuantity(text);
  if (!quantity) throw new RangeError(`${JSON.stringify(text)} is no quantity`);
  return quantity;
}

export function isQuantity(text: string): boolean {
  return PLAIN.test(text) || tryParseQuantity(text) !== undefined;
}

/** The canonical text of `text`: `0.5` -> `500m`, `1024Mi` -> `1Gi`. Throws RangeError when it is no quantity. */
export function canonicalQuantity(text: string): string {
  return PLAIN.test(text) ? text : formatQuantity(parseQuantity(text));
}

/** A canonical text rounded up to thousandths: `100u` -> `1m`. */
export function milliQuantity(canonical: string): string {
  if (PLAIN.test(canonical)) return canonical;
  const { nanos, format } = parseQuantity(canonical);
  if (nanos % MILLI === 0n) return canonical;
  return formatQuantity({ nanos: divideUp(nanos, MILLI) * MILLI, format });
}

export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  if (format === 'binarySI' && nanos % NANO === 0n && (nanos >= 1024n * NANO || nanos <= -1024n * NANO)) {
    let value = nanos / NANO;
    let power = 0;
    while (power < BINARY.length - 1 && value % 1024n === 0n) {
      value /= 1024n;
      power++;
    }
    return `${value}${BINARY[power]}`;
  }
  let value = nanos;
  let exponent = -9;
  while (exponent < 18 && value % 1000n === 0n) {
    value /= 1000n;
    exponent += 3;
  }
  if (format === 'decimalExponent') return exponent === 0 ? `${value}` : `${value}e${exponent}`;
  return `${value}${DECIMAL_SUFFIX.get(exponent)}`;
}

/** Negative, zero or positive, like a sort function. */
export function compareQuantities(a: string, b: string): number {
  const difference = parseQuantity(a).nanos - parseQuantity(b).nanos;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The sum, in the family of `a`'s suffix (of `b`'s when `a` is zero). */
export function addQuantities(a: string, b: string): string {
  return combine(a, b, 1n);
}

export function subtractQuantities(a: string, b: string): string {
  return combine(a, b, -1n);
}

function combine(a: string, b: string, sign: bigint): string {
  const left = parseQuantity(a);
  const right = parseQuantity(b);
  return formatQuantity({
    nanos: left.nanos + sign * right.nanos,
    format: left.nanos === 0n ? right.format : left.format,
  });
}

/** Parsed numbers of the texts that keep coming back (`100m`, `128Mi`), for the scheduler's inner loops. */
const millisCache = new Map<string, number>();
const CACHE_SIZE = 10_000;

/** The value in thousandths, rounded up: `0.5` -> 500. Exact up to 2⁵³. Throws RangeError when it is no quantity. */
export function quantityMillis(text: string): number {
  const cached = millisCache.get(text);
  if (cached !== undefined) return cached;
  const millis = Number(divideUp(parseQuantity(text).nanos, 1_000_000n));
  if (millisCache.size >= CACHE_SIZE) millisCache.clear();
  millisCache.set(text, millis);
  return millis;
}

/** The value as a number, rounded up to an integer: `1500m` -> 2, `1Ki` -> 1024. Throws RangeError when it is none. */
export function quantityValue(text: string): number {
  const cached = valueCache.get(text);
  if (cached !== undefined) return cached;
  const value = Number(divideUp(parseQuantity(text).nanos, NANO));
  if (valueCache.size >= CACHE_SIZE) valueCache.clear();
  valueCache.set(text, value);
  return value;
}

const valueCache = new Map<string, number>();

function scale10(value: bigint, exponent: number): bigint {
  if (value === 0n) return 0n;
  if (exponent >= 0) return value * 10n ** BigInt(Math.min(exponent, 40));
  // Beyond the text's length nothing is left but the rounding.
  return divideUp(value, 10n ** BigInt(Math.min(-exponent, 2 * MAX_LENGTH)));
}

/** Division that rounds away from zero. */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  if (value % by === 0n) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}
