/** Counts that may be given as a share: `maxSurge: 25%`. */

/** The number behind a percentage, or undefined when `value` is none. */
export function percentOf(value: number | string): number | undefined {
  const match = typeof value === 'string' ? /^(\d+)%$/.exec(value) : null;
  return match ? Number(match[1]) : undefined;
}

/** The count that `value` means for `total`; a share is rounded as told. Undefined when it is neither. */
export function resolveIntOrPercent(
  value: number | string | undefined,
  total: number,
  round: 'up' | 'down',
): number | undefined {
  if (typeof value === 'number') return value;
  const percent = value === undefined ? undefined : percentOf(value);
  if (percent === undefined) return undefined;
  return round === 'up' ? Math.ceil((percent * total) / 100) : Math.floor((percent * total) / 100);
}
