import type { Functions, Implementation } from '../functions';
import {
  CelError,
  type CelValue,
  compare,
  Duration,
  equals,
  isList,
  MapLike,
  Timestamp,
  Uint,
} from '../values';

const MIN = -(2n ** 63n);
const MAX = 2n ** 63n - 1n;
const MAX_UINT = 2n ** 64n - 1n;

export function int(value: bigint): bigint {
  if (value < MIN || value > MAX) throw new CelError('integer overflow');
  return value;
}

export function uint(value: bigint): Uint {
  if (value < 0n || value > MAX_UINT) throw new CelError('unsigned integer overflow');
  return new Uint(value);
}

function numbers(
  ints: (a: bigint, b: bigint) => bigint,
  doubles?: (a: number, b: number) => number,
): Implementation {
  return ([a, b]) => {
    if (typeof a === 'bigint' && typeof b === 'bigint') return int(ints(a, b));
    if (typeof a === 'number' && typeof b === 'number') return doubles?.(a, b);
    if (a instanceof Uint && b instanceof Uint) return uint(ints(a.value, b.value));
    return undefined;
  };
}

function divide(operation: (a: bigint, b: bigint) => bigint, text: string) {
  return (a: bigint, b: bigint) => {
    if (b === 0n) throw new CelError(text);
    return operation(a, b);
  };
}

const plain = numbers(
  (a, b) => a + b,
  (a, b) => a + b,
);
const minus = numbers(
  (a, b) => a - b,
  (a, b) => a - b,
);

const add: Implementation = (values, budget) => {
  const [a, b] = values;
  if (typeof a === 'string' && typeof b === 'string') {
    budget.spend((a.length + b.length) >> 3);
    return a + b;
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.concat([a, b]);
  if (a !== undefined && b !== undefined && isList(a) && isList(b)) {
    budget.spend(a.length + b.length);
    return [...a, ...b];
  }
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.nanos + b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.nanos + b.nanos);
  if (a instanceof Duration && b instanceof Timestamp) return new Timestamp(a.nanos + b.nanos);
  return plain(values, budget);
};

const subtract: Implementation = (values, budget) => {
  const [a, b] = values;
  if (a instanceof Duration && b instanceof Duration) return new Duration(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Duration) return new Timestamp(a.nanos - b.nanos);
  if (a instanceof Timestamp && b instanceof Timestamp) return new Duration(a.nanos - b.nanos);
  return minus(values, budget);
};

const ordered =
  (holds: (order: number) => boolean): Implementation =>
  ([a, b]) =>
    a === undefined || b === undefined ? undefined : holds(compare(a, b));

const contains: Implementation = ([needle, hay], budget) => {
  if (needle === undefined || hay === undefined) return undefined;
  if (hay instanceof MapLike) return hay.get(needle) !== undefined;
  if (!isList(hay)) return undefined;
  budget.spend(hay.length);
  return hay.some((element) => equals(element, needle));
};

const unary =
  (ints: (value: bigint) => bigint, doubles: (value: number) => number): Implementation =>
  ([value]) => {
    if (typeof value === 'bigint') return int(ints(value));
    return typeof value === 'number' ? doubles(value) : undefined;
  };

function extreme(wanted: (order: number) => boolean): Implementation {
  return (values) => {
    const [first] = values;
    const list = values.length === 1 && first !== undefined && isList(first) ? first : values;
    let best: CelValue | undefined;
    for (const value of list) if (best === undefined || wanted(compare(value, best))) best = value;
    if (best === undefined) throw new CelError('math.@min(list) argument must not be empty');
    return best;
  };
}

const rounding =
  (round: (value: number) => number): Implementation =>
  ([value]) =>
    typeof value === 'number' ? round(value) : undefined;

const bits =
  (operation: (a: bigint, b: bigint) => bigint): Implementation =>
  ([a, b]) => {
    if (typeof a === 'bigint' && typeof b === 'bigint') return BigInt.asIntN(64, operation(a, b));
    if (a instanceof Uint && b instanceof Uint)
      return new Uint(BigInt.asUintN(64, operation(a.value, b.value)));
    return undefined;
  };

export const ARITHMETIC: Functions = {
  global: {
    '_+_': add,
    '_-_': subtract,
    '_*_': numbers(
      (a, b) => a * b,
      (a, b) => a * b,
    ),
    '_/_': numbers(
      divide((a, b) => a / b, 'division by zero'),
      (a, b) => a / b,
    ),
    '_%_': numbers(divide((a, b) => a % b, 'modulus by zero')),
    '-_': unary(
      (value) => -value,
      (value) => -value,
    ),
    '_==_': ([a, b]) => (a === undefined || b === undefined ? undefined : equals(a, b)),
    '_!=_': ([a, b]) => (a === undefined || b === undefined ? undefined : !equals(a, b)),
    '_<_': ordered((order) => order < 0),
    '_<=_': ordered((order) => order <= 0),
    '_>_': ordered((order) => order > 0),
    '_>=_': ordered((order) => order >= 0),
    '@in': contains,
    'math.greatest': extreme((order) => order > 0),
    'math.least': extreme((order) => order < 0),
    'math.abs': unary((value) => (value < 0n ? -value : value), Math.abs),
    'math.sign': unary((value) => (value < 0n ? -1n : value > 0n ? 1n : 0n), Math.sign),
    'math.ceil': rounding(Math.ceil),
    'math.floor': rounding(Math.floor),
    'math.round': rounding((value) => Math.sign(value) * Math.round(Math.abs(value))),
    'math.trunc': rounding(Math.trunc),
    'math.sqrt': ([value]) =>
      typeof value === 'bigint' || typeof value === 'number' ? Math.sqrt(Number(value)) : undefined,
    'math.isNaN': ([value]) => (typeof value === 'number' ? Number.isNaN(value) : undefined),
    'math.isInf': ([value]) =>
      typeof value === 'number' ? !Number.isFinite(value) && !Number.isNaN(value) : undefined,
    'math.isFinite': ([value]) => (typeof value === 'number' ? Number.isFinite(value) : undefined),
    'math.bitAnd': bits((a, b) => a & b),
    'math.bitOr': bits((a, b) => a | b),
    'math.bitXor': bits((a, b) => a ^ b),
  },
};
