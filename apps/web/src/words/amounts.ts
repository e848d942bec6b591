/** `0.4`, `2.2`, `12`: CPUs out of thousandths, as few digits as tell the truth. */
export function cpus(milli: number): string {
  const value = milli / 1000;
  if (value === 0) return '0';
  if (value < 0.1) return value.toFixed(2);
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1).replace(/\.0$/, '');
}

const UNITS = ['B', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

export function bytes(value: number): string {
  let amount = value;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const digits =
    amount >= 10 || unit === 0 ? Math.round(amount).toString() : amount.toFixed(1).replace(/\.0$/, '');
  return `${digits} ${UNITS[unit]}`;
}

/** `2.2 of 4`: both in the unit of the second, which is named once. */
export function bytesOf(used: number, total: number): string {
  let scale = 1;
  let unit = 0;
  while (total / scale >= 1024 && unit < UNITS.length - 1) {
    scale *= 1024;
    unit += 1;
  }
  // Next to nothing is not nothing: it is told in its own unit.
  if (used > 0 && used / scale < 0.1) return `${bytes(used)} of ${bytes(total)}`;
  const short = (value: number) =>
    value / scale >= 10 ? String(Math.round(value / scale)) : (value / scale).toFixed(1).replace(/\.0$/, '');
  return `${short(used)} of ${short(total)} ${UNITS[unit]}`;
}

/** `48 212`: thin spaces, so that long figures can be read. */
export function figure(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${figure(count)} ${count === 1 ? one : many}`;
}
