import type { Functions, Implementation } from '../functions';
import { CelError, type CelValue, compare, Duration, equals, isList, Uint } from '../values';

const ofList =
  (operation: (list: readonly CelValue[]) => CelValue): Implementation =>
  ([list], budget) => {
    if (list === undefined || !isList(list)) return undefined;
    budget.spend(list.length);
    return operation(list);
  };

const ofLists =
  (operation: (a: readonly CelValue[], b: readonly CelValue[]) => CelValue): Implementation =>
  ([a, b], budget) => {
    if (a === undefined || b === undefined || !isList(a) || !isList(b)) return undefined;
    budget.spend(a.length * b.length);
    return operation(a, b);
  };

function best(list: readonly CelValue[], wanted: (order: number) => boolean, name: string): CelValue {
  const [first] = list;
  if (first === undefined) throw new CelError(`${name} called on empty list`);
  return list.reduce((found, value) => (wanted(compare(value, found)) ? value : found), first);
}

function sum(list: readonly CelValue[]): CelValue {
  let ints = 0n;
  let doubles = 0;
  const [first] = list;
  for (const value of list) {
    if (typeof value === 'bigint') ints += value;
    else if (typeof value === 'number') doubles += value;
    else if (value instanceof Uint) ints += value.value;
    else if (value instanceof Duration) ints += value.nanos;
    else throw new CelError('no such overload: sum');
  }
  if (typeof first === 'number') return doubles;
  if (first instanceof Uint) return new Uint(ints);
  return first instanceof Duration ? new Duration(ints) : ints;
}

const position =
  (last: boolean): Implementation =>
  ([list, wanted], budget) => {
    if (list === undefined || wanted === undefined || !isList(list)) return undefined;
    budget.spend(list.length);
    const same = (value: CelValue) => equals(value, wanted);
    return BigInt(last ? list.findLastIndex(same) : list.findIndex(same));
  };

const within = (list: readonly CelValue[], value: CelValue) => list.some((other) => equals(other, value));

function flatten(list: readonly CelValue[], depth: number): CelValue[] {
  return list.flatMap((value) => (isList(value) && depth > 0 ? flatten(value, depth - 1) : [value]));
}

const sorted = (list: readonly CelValue[]) => [...list].sort(compare);

export const LISTS: Functions = {
  global: {
    'sets.contains': ofLists((a, b) => b.every((value) => within(a, value))),
    'sets.equivalent': ofLists(
      (a, b) => a.every((value) => within(b, value)) && b.every((value) => within(a, value)),
    ),
    'sets.intersects': ofLists((a, b) => a.some((value) => within(b, value))),
    sort_by_keys__: ([keys, values]) => {
      if (keys === undefined || values === undefined || !isList(keys) || !isList(values)) return undefined;
      return keys
        .map((key, i) => ({ key, value: values[i] ?? null }))
        .sort((a, b) => compare(a.key, b.key))
        .map(({ value }) => value);
    },
    'lists.range': ([count], budget) => {
      if (typeof count !== 'bigint') return undefined;
      budget.spend(Math.max(0, Number(count)));
      return Array.from({ length: Math.max(0, Number(count)) }, (_value, i) => BigInt(i));
    },
  },
  methods: {
    isSorted: ofList((list) =>
      list.every((value, i) => i === 0 || compare(list[i - 1] ?? value, value) <= 0),
    ),
    sum: ofList(sum),
    min: ofList((list) => best(list, (order) => order < 0, 'min')),
    max: ofList((list) => best(list, (order) => order > 0, 'max')),
    indexOf: position(false),
    lastIndexOf: position(true),
    sort: ofList(sorted),
    reverse: ofList((list) => [...list].reverse()),
    distinct: ([list], budget) => {
      if (list === undefined || !isList(list)) return undefined;
      budget.spend(list.length * list.length);
      return list.filter((value, i) => list.findIndex((other) => equals(other, value)) === i);
    },
    slice: ([list, from, to]) => {
      if (list === undefined || !isList(list) || typeof from !== 'bigint' || typeof to !== 'bigint')
        return undefined;
      if (from < 0n || to < from || to > list.length) throw new CelError(`cannot slice(${from}, ${to})`);
      return list.slice(Number(from), Number(to));
    },
    flatten: ([list, depth], budget) => {
      if (list === undefined || !isList(list)) return undefined;
      const flat = flatten(list, typeof depth === 'bigint' ? Number(depth) : 1);
      budget.spend(flat.length);
      return flat;
    },
    first: ofList((list) => list[0] ?? null),
    last: ofList((list) => list.at(-1) ?? null),
  },
};
