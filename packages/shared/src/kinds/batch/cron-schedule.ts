/**
 * Schedules of cron jobs, as Kubernetes reads them: five fields (minute, hour, day of month, month, day of week),
 * `@daily` and its like, or `@every 1h30m`. Kept as sets, so that everyone means the same by a text.
 */
export type CronSchedule =
  | { readonly kind: 'every'; readonly ms: number }
  | {
      readonly kind: 'fields';
      readonly minutes: readonly number[];
      readonly hours: readonly number[];
      readonly daysOfMonth: readonly number[];
      readonly months: readonly number[];
      readonly daysOfWeek: readonly number[];
      /** A day has to be in both lists when either is unrestricted, otherwise in one of them. */
      readonly anyDayOfMonth: boolean;
      readonly anyDayOfWeek: boolean;
    };

interface Field {
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MINUTE: Field = { min: 0, max: 59 };
const HOUR: Field = { min: 0, max: 23 };
const DAY_OF_MONTH: Field = { min: 1, max: 31 };
const MONTH: Field = {
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const DAY_OF_WEEK: Field = { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST = 256;

/** A leading `TZ=` or `CRON_TZ=` and the rest. */
export function splitTimeZone(text: string): { zone: string | undefined; schedule: string } {
  const match = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/s.exec(text);
  return match ? { zone: match[1], schedule: match[2]?.trim() ?? '' } : { zone: undefined, schedule: text };
}

/** Throws RangeError with a sentence for the user. A leading time zone is left out of account. */
export function parseCronSchedule(text: string): CronSchedule {
  if (text.length > LONGEST) throw new RangeError(`the schedule has more than ${LONGEST} characters`);
  const { schedule } = splitTimeZone(text);
  if (schedule.startsWith('@every ')) return { kind: 'every', ms: parseEvery(schedule) };
  if (schedule.startsWith('@')) {
    const fields = Object.hasOwn(DESCRIPTORS, schedule) ? DESCRIPTORS[schedule] : undefined;
    if (!fields) throw new RangeError(`unrecognized descriptor: ${schedule}`);
    return parseFields(fields);
  }
  return parseFields(schedule);
}

function parseFields(text: string): CronSchedule {
  const parts = text.split(/\s+/).filter((part) => part !== '');
  const [minute, hour, dayOfMonth, month, dayOfWeek] = parts;
  if (
    parts.length !== 5 ||
    minute === undefined ||
    hour === undefined ||
    dayOfMonth === undefined ||
    month === undefined ||
    dayOfWeek === undefined
  ) {
    throw new RangeError(`expected exactly 5 fields, found ${parts.length}: [${parts.join(' ')}]`);
  }
  const days = parseField(dayOfMonth, DAY_OF_MONTH);
  const weekdays = parseField(dayOfWeek, DAY_OF_WEEK);
  return {
    kind: 'fields',
    minutes: parseField(minute, MINUTE).values,
    hours: parseField(hour, HOUR).values,
    daysOfMonth: days.values,
    months: parseField(month, MONTH).values,
    daysOfWeek: weekdays.values,
    anyDayOfMonth: days.any,
    anyDayOfWeek: weekdays.any,
  };
}

function parseField(text: string, field: Field): { values: number[]; any: boolean } {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(',')) {
    const range = parseRange(part, field);
    any ||= range.any;
    for (let value = range.from; value <= range.to; value += range.step) values.add(value);
  }
  return { values: [...values].sort((a, b) => a - b), any };
}

function parseRange(text: string, field: Field): { from: number; to: number; step: number; any: boolean } {
  const [range = '', step, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreEnds] = range.split('-');
  if (moreEnds.length > 0) throw new RangeError(`too many hyphens: ${text}`);
  if (moreSteps.length > 0) throw new RangeError(`too many slashes: ${text}`);
  const star = low === '*' || low === '?';
  const from = star ? field.min : parseValue(low, field);
  let to = star ? field.max : high === undefined ? from : parseValue(high, field);
  let width = 1;
  if (step !== undefined) {
    width = parseNumber(step);
    // `5/10` goes on to the end.
    if (!star && high === undefined) to = field.max;
  }
  if (from < field.min)
    throw new RangeError(`beginning of range (${from}) below minimum (${field.min}): ${text}`);
  if (to > field.max) throw new RangeError(`end of range (${to}) above maximum (${field.max}): ${text}`);
  if (from > to) throw new RangeError(`beginning of range (${from}) beyond end of range (${to}): ${text}`);
  if (width === 0) throw new RangeError(`step of range should be a positive number: ${text}`);
  return { from, to, step: width, any: star && width === 1 };
}

function parseValue(text: string, field: Field): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1;
  return named >= 0 ? named + field.min : parseNumber(text);
}

function parseNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`failed to parse int from ${text}: invalid syntax`);
  return Number(text);
}

function parseEvery(text: string): number {
  const duration = text.slice('@every '.length).trim();
  let ms = 0;
  const left = duration.replace(/(\d+(?:\.\d+)?)(ms|s|m|h)/g, (_all, number: string, unit: string) => {
    ms += Number(number) * (UNITS[unit] ?? 0);
    return '';
  });
  if (duration === '' || left !== '' || ms > 2 ** 53) {
    throw new RangeError(`failed to parse duration ${text}: invalid duration "${duration}"`);
  }
  return Math.max(1000, Math.floor(ms / 1000) * 1000);
}
