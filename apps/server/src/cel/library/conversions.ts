import type { Functions } from '../functions';
import {
  CelError,
  type CelValue,
  Duration,
  formatDuration,
  formatTimestamp,
  isList,
  MapLike,
  numeric,
  Optional,
  parseDuration,
  parseTimestamp,
  Timestamp,
  TypeValue,
  typeName,
  Uint,
} from '../values';
import { int, uint } from './arithmetic';

function toInt(value: CelValue | undefined): CelValue | undefined {
  if (typeof value === 'bigint') return value;
  if (value instanceof Uint) return int(value.value);
  if (value instanceof Timestamp) return value.nanos / 1_000_000_000n;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new CelError('integer overflow');
    return int(BigInt(Math.trunc(value)));
  }
  if (typeof value === 'string') {
    if (!/^[+-]?\d{1,20}$/.test(value)) throw new CelError(`type conversion error from 'string' to 'int'`);
    return int(BigInt(value.replace(/^\+/, '')));
  }
  return undefined;
}

function toDouble(value: CelValue | undefined): CelValue | undefined {
  const number = value === undefined ? undefined : numeric(value);
  if (number !== undefined) return Number(number);
  if (typeof value !== 'string') return undefined;
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(value)) {
    throw new CelError(`type conversion error from 'string' to 'double'`);
  }
  return Number(value);
}

export function toText(value: CelValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return String(value);
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Timestamp) return formatTimestamp(value);
  return undefined;
}

function size(value: CelValue | undefined): CelValue | undefined {
  if (typeof value === 'string') return BigInt([...value].length);
  if (value instanceof Uint8Array) return BigInt(value.length);
  if (value instanceof MapLike) return BigInt(value.size);
  return value !== undefined && isList(value) ? BigInt(value.length) : undefined;
}

function toBool(value: CelValue | undefined): CelValue | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw new CelError(`type conversion error from 'string' to 'bool'`);
}

export const CONVERSIONS: Functions = {
  global: {
    size: ([value]) => size(value),
    int: ([value]) => toInt(value),
    uint: ([value]) => {
      if (value instanceof Uint) return value;
      const whole = toInt(value);
      return typeof whole === 'bigint' ? uint(whole) : undefined;
    },
    double: ([value]) => toDouble(value),
    string: ([value]) => toText(value),
    bool: ([value]) => toBool(value),
    bytes: ([value]) => {
      if (value instanceof Uint8Array) return value;
      return typeof value === 'string' ? Buffer.from(value) : undefined;
    },
    duration: ([value]) => {
      if (value instanceof Duration) return value;
      return typeof value === 'string' ? parseDuration(value) : undefined;
    },
    timestamp: ([value]) => {
      if (value instanceof Timestamp) return value;
      if (typeof value === 'bigint') return new Timestamp(value * 1_000_000_000n);
      return typeof value === 'string' ? parseTimestamp(value) : undefined;
    },
    dyn: ([value]) => value,
    type: ([value]) => (value === undefined ? undefined : new TypeValue(typeName(value))),
    'optional.of': ([value]) => new Optional(value),
    'optional.none': () => Optional.none,
    'optional.ofNonZeroValue': ([value]) =>
      value === undefined || isZero(value) ? Optional.none : new Optional(value),
  },
  methods: {
    size: ([value]) => size(value),
    hasValue: ([value]) => (value instanceof Optional ? value.value !== undefined : undefined),
    value: ([value]) => {
      if (!(value instanceof Optional)) return undefined;
      if (value.value === undefined) throw new CelError('optional.none() dereference');
      return value.value;
    },
    orValue: ([value, other]) => (value instanceof Optional ? (value.value ?? other) : undefined),
    or: ([value, other]) =>
      value instanceof Optional && other instanceof Optional
        ? value.value === undefined
          ? other
          : value
        : undefined,
  },
};

function isZero(value: CelValue): boolean {
  const number = numeric(value);
  if (number !== undefined) return Number(number) === 0;
  if (value === null || value === false || value === '') return true;
  if (value instanceof MapLike) return value.size === 0;
  return isList(value) && value.length === 0;
}
