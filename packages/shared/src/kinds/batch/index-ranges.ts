/**
 * Sets of completion indexes as Indexed Jobs write them: `1,3-5,7`. Ascending, and neighbours joined. Kept as
 * intervals, since a job may have a hundred thousand of them.
 */
export type IndexRange = readonly [first: number, last: number];

const INTERVAL = /^(\d{1,10})(?:-(\d{1,10}))?$/;

/** Throws RangeError, in the words of Kubernetes, when the text breaks a rule of the format or exceeds `completions`. */
export function parseIndexRanges(text: string, completions: number): IndexRange[] {
  if (text === '') return [];
  const ranges: IndexRange[] = [];
  let last = -1;
  for (const part of text.split(',')) {
    const match = INTERVAL.exec(part);
    if (!match) {
      throw new RangeError(
        part.split('-').length > 2
          ? `the fragment "${part}" violates the requirement that an index interval can have at most two parts separated by '-'`
          : `cannot convert string to integer for index: "${part.split('-').find((digits) => !/^\d{1,10}$/.test(digits)) ?? part}"`,
      );
    }
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from >= completions) throw new RangeError(`too large index: "${match[1]}"`);
    if (to >= completions) throw new RangeError(`too large index: "${match[2]}"`);
    if (match[2] !== undefined && from >= to) {
      throw new RangeError(`non-increasing order, previous: ${from}, current: ${to}`);
    }
    if (from <= last) throw new RangeError(`non-increasing order, previous: ${last}, current: ${from}`);
    ranges.push([from, to]);
    last = to;
  }
  return ranges;
}

/** The same for texts that may be broken or too large by now: what cannot be read counts as empty, what is too large is cut off. */
export function readIndexRanges(text: string | undefined, completions: number): IndexRange[] {
  if (!text) return [];
  const ranges: IndexRange[] = [];
  for (const part of text.split(',')) {
    const match = INTERVAL.exec(part);
    if (!match) continue;
    const from = Number(match[1]);
    const to = Math.min(match[2] === undefined ? from : Number(match[2]), completions - 1);
    if (from <= to) ranges.push([from, to]);
  }
  return normalise(ranges);
}

export function formatIndexRanges(ranges: readonly IndexRange[]): string {
  // Two neighbours are written one by one, three and more as an interval.
  return ranges
    .map(([from, to]) => (from === to ? `${from}` : to === from + 1 ? `${from},${to}` : `${from}-${to}`))
    .join(',');
}

export function countIndexes(ranges: readonly IndexRange[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

export function hasIndex(ranges: readonly IndexRange[], index: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle];
    if (!range) return false;
    if (index < range[0]) high = middle - 1;
    else if (index > range[1]) low = middle + 1;
    else return true;
  }
  return false;
}

/** Adds single indexes, in any order. */
export function withIndexes(ranges: readonly IndexRange[], indexes: Iterable<number>): IndexRange[] {
  const added: IndexRange[] = [];
  for (const index of indexes) added.push([index, index]);
  return added.length === 0 ? [...ranges] : normalise([...ranges, ...added]);
}

/** How many indexes are in both. */
export function countCommon(a: readonly IndexRange[], b: readonly IndexRange[]): number {
  let common = 0;
  let i = 0;
  let j = 0;
  for (let left = a[0], right = b[0]; left && right; left = a[i], right = b[j]) {
    common += Math.max(0, Math.min(left[1], right[1]) - Math.max(left[0], right[0]) + 1);
    if (left[1] < right[1]) i++;
    else j++;
  }
  return common;
}

function normalise(ranges: IndexRange[]): IndexRange[] {
  const sorted = ranges.sort((a, b) => a[0] - b[0]);
  const joined: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}
