import {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  subtractQuantities,
} from '@wheelhouse/shared/meta/quantity';

/** Quantities by the name of what they count. */
export type Amounts = Readonly<Record<string, string>>;

export function addAmounts(a: Amounts, b: Amounts): Amounts {
  const sum: Record<string, string> = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const there = sum[name];
    sum[name] = there === undefined ? amount : addQuantities(there, amount);
  }
  return sum;
}

/** `a` without `b`; nothing becomes negative, and what only `b` has is left out. */
export function withoutAmounts(a: Amounts, b: Amounts): Amounts {
  const rest: Record<string, string> = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const there = rest[name];
    if (there === undefined) continue;
    const { nanos } = parseQuantity(subtractQuantities(there, amount));
    rest[name] = nanos <= 0n ? '0' : formatQuantity({ nanos, format: parseQuantity(there).format });
  }
  return rest;
}

export function pickAmounts(amounts: Amounts, wanted: (name: string) => boolean): Amounts {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => wanted(name)));
}

export function withoutZeros(amounts: Amounts): Amounts {
  return Object.fromEntries(
    Object.entries(amounts).filter(([, amount]) => parseQuantity(amount).nanos !== 0n),
  );
}

export function isEmpty(amounts: Amounts): boolean {
  return Object.keys(amounts).length === 0;
}

/** Equal by value: `1` and `1000m` are. */
export function sameAmounts(a: Amounts | undefined, b: Amounts | undefined): boolean {
  if (!a || !b) return a === b;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const [left, right] = [a[name], b[name]];
    return left !== undefined && right !== undefined && compareQuantities(left, right) === 0;
  });
}

/** `cpu=1,memory=2Gi` */
export function printAmounts(amounts: Amounts): string {
  return Object.keys(amounts)
    .sort()
    .map((name) => `${name}=${amounts[name]}`)
    .join(',');
}
