const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** A quantity as a plain number, for drawing; undefined when there is none or it cannot be read. */
function amount(quantity: unknown): number | undefined {
  if (typeof quantity === 'number') return quantity;
  if (typeof quantity !== 'string') return undefined;
  const match = /^([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([numkMGTPE]?i?)$/.exec(quantity);
  const factor = SUFFIXES[match?.[2] ?? 'none'];
  const value = Number(match?.[1]);
  return factor === undefined || Number.isNaN(value) ? undefined : value * factor;
}

export function milliCpu(quantity: unknown): number | undefined {
  const value = amount(quantity);
  return value === undefined ? undefined : Math.round(value * 1000);
}

export function memoryBytes(quantity: unknown): number | undefined {
  const value = amount(quantity);
  return value === undefined ? undefined : Math.round(value);
}
