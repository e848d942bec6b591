import { isObject } from '@wheelhouse/shared/meta/json';

/**
 * Values of CEL: int is a bigint, double a number, lists are arrays; the rest are the classes below. JSON from outside
 * is wrapped (see json-values.ts), so that its numbers get the type that its schema says.
 */
export type CelValue =
  | bigint
  | number
  | string
  | boolean
  | null
  | Uint8Array
  | readonly CelValue[]
  | MapLike
  | Uint
  | Duration
  | Timestamp
  | TypeValue
  | Optional
  | Opaque;

/** An evaluation that failed; `&&` and `||` may absorb it. */
export class CelError extends Error {}

export const noOverload = (name: string) => new CelError(`no such overload: ${name}`);

export class Uint {
  constructor(readonly value: bigint) {}
}

/** In nanoseconds. */
export class Duration {
  constructor(readonly nanos: bigint) {}
}

/** Nanoseconds since 1970. */
export class Timestamp {
  constructor(readonly nanos: bigint) {}
}

export class TypeValue {
  constructor(readonly name: string) {}
}

export class Optional {
  static readonly none = new Optional(undefined);
  constructor(readonly value: CelValue | undefined) {}
}

/** A value of a library's own type: a quantity, a URL, an address. */
export abstract class Opaque {
  abstract readonly typeName: string;
  abstract equals(other: CelValue): boolean;
  /** What stands behind a dot; undefined: there is nothing of that name. */
  member?(name: string): CelValue | undefined;
}

export abstract class MapLike {
  abstract readonly size: number;
  abstract get(key: CelValue): CelValue | undefined;
  abstract keys(): CelValue[];
}

/** A map that an expression has made. */
export class MapValue extends MapLike {
  readonly #entries = new Map<string, { key: CelValue; value: CelValue }>();

  get size(): number {
    return this.#entries.size;
  }
  set(key: CelValue, value: CelValue): void {
    const id = keyId(key);
    if (this.#entries.has(id)) throw new CelError('Failed with repeated key');
    this.#entries.set(id, { key, value });
  }
  override get(key: CelValue): CelValue | undefined {
    return this.#entries.get(keyId(key))?.value;
  }
  override keys(): CelValue[] {
    return [...this.#entries.values()].map(({ key }) => key);
  }
}

/** Keys that are equal share it; numbers of all types are equal by value. */
function keyId(key: CelValue): string {
  if (typeof key === 'string') return `s${key}`;
  if (typeof key === 'boolean') return `b${key}`;
  if (typeof key === 'bigint') return `n${key}`;
  if (key instanceof Uint) return `n${key.value}`;
  if (typeof key === 'number') return `n${key}`;
  throw new CelError('unsupported key type');
}

export function typeName(value: CelValue): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    default:
  }
  if (isList(value)) return 'list';
  if (value instanceof MapLike) return 'map';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof TypeValue) return 'type';
  if (value instanceof Optional) return 'optional_type';
  return value instanceof Opaque ? value.typeName : 'dyn';
}

export function isList(value: CelValue): value is readonly CelValue[] {
  return Array.isArray(value);
}

/** A number of any type as one that JavaScript compares across types. */
export function numeric(value: CelValue): bigint | number | undefined {
  if (typeof value === 'bigint' || typeof value === 'number') return value;
  return value instanceof Uint ? value.value : undefined;
}

export function equals(a: CelValue, b: CelValue): boolean {
  if (a === b) return true;
  const x = numeric(a);
  const y = numeric(b);
  // biome-ignore lint/suspicious/noDoubleEquals: numbers of different types are equal by value.
  if (x !== undefined && y !== undefined) return x == y;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  if (isList(a))
    return isList(b) && a.length === b.length && a.every((value, i) => equals(value, b[i] ?? null));
  if (a instanceof MapLike) {
    if (!(b instanceof MapLike) || a.size !== b.size) return false;
    return a.keys().every((key) => {
      const left = a.get(key);
      const right = b.get(key);
      return left !== undefined && right !== undefined && equals(left, right);
    });
  }
  if (a instanceof Duration) return b instanceof Duration && a.nanos === b.nanos;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanos === b.nanos;
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name;
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Optional) {
    if (!(b instanceof Optional)) return false;
    if (a.value === undefined || b.value === undefined) return a.value === b.value;
    return equals(a.value, b.value);
  }
  return a instanceof Opaque && a.equals(b);
}

/** Negative, zero or positive; throws for values that have no order among each other. */
export function compare(a: CelValue, b: CelValue): number {
  const order = <T>(x: T, y: T) => (x < y ? -1 : x > y ? 1 : 0);
  const x = numeric(a);
  const y = numeric(b);
  if (x !== undefined && y !== undefined) {
    if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
    return order<number | bigint>(x, y);
  }
  if (typeof a === 'string' && typeof b === 'string') return order(a, b);
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Duration && b instanceof Duration) return order(a.nanos, b.nanos);
  if (a instanceof Timestamp && b instanceof Timestamp) return order(a.nanos, b.nanos);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  throw noOverload('_<_');
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** `1h30m`, as Go writes durations. */
export function parseDuration(text: string): Duration {
  const match = /^([+-]?)((?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+|0)$/.exec(text);
  if (!match || text.length > 200)
    throw new CelError(`invalid duration: ${JSON.stringify(text.slice(0, 50))}`);
  let nanos = 0n;
  for (const [, whole = '0', fraction = '', unit = ''] of (match[2] ?? '').matchAll(
    /(\d+)(?:\.(\d+))?(ns|us|µs|ms|s|m|h)/g,
  )) {
    const size = UNITS[unit] ?? 0n;
    nanos += BigInt(whole) * size;
    if (fraction) nanos += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  }
  return new Duration(match[1] === '-' ? -nanos : nanos);
}

export function formatDuration({ nanos }: Duration): string {
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = size % 1_000_000_000n;
  const tail = fraction ? `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}` : '';
  return `${sign}${size / 1_000_000_000n}${tail}s`;
}

export function parseTimestamp(text: string): Timestamp {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/i.exec(text);
  const millis = match ? Date.parse(`${match[1]}${match[3]}`) : Number.NaN;
  if (Number.isNaN(millis)) throw new CelError(`invalid timestamp: ${JSON.stringify(text.slice(0, 50))}`);
  return new Timestamp(BigInt(millis) * 1_000_000n + BigInt((match?.[2] ?? '').padEnd(9, '0')));
}

export function formatTimestamp({ nanos }: Timestamp): string {
  const fraction = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (nanos - fraction) / 1_000_000_000n;
  const base = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  return fraction ? `${base}.${String(fraction).padStart(9, '0').replace(/0+$/, '')}Z` : `${base}Z`;
}

/** JSON without a schema: whole numbers are ints, others doubles. */
export function fromJson(value: unknown): CelValue {
  if (value === null || value === undefined) return null;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'bigint' || typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(fromJson);
  if (isObject(value)) return new JsonMap(value);
  throw new CelError('a value that is no JSON');
}

/** An object of JSON without a schema, converted as far as it is looked at. */
export class JsonMap extends MapLike {
  constructor(readonly json: Readonly<Record<string, unknown>>) {
    super();
  }
  get size(): number {
    return Object.keys(this.json).length;
  }
  override get(key: CelValue): CelValue | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.json, key)) return undefined;
    return this.convert(key, this.json[key]);
  }
  override keys(): CelValue[] {
    return Object.keys(this.json);
  }
  protected convert(_key: string, value: unknown): CelValue {
    return fromJson(value);
  }
}
