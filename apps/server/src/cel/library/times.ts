import type { Functions, Implementation } from '../functions';
import { CelError, Duration, Timestamp } from '../values';

/** Parts of a moment in a time zone: `UTC`, `+02:00`, `Europe/Berlin`. */
function inZone(moment: Timestamp, zone: string): Date {
  const millis = Number(moment.nanos / 1_000_000n);
  if (zone === '' || zone === 'UTC') return new Date(millis);
  const offset = /^([+-]?)(\d\d):(\d\d)$/.exec(zone);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3]);
    return new Date(millis + (offset[1] === '-' ? -minutes : minutes) * 60_000);
  }
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }).formatToParts(millis);
    const at = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
    const whole = Date.UTC(at('year'), at('month') - 1, at('day'), at('hour'), at('minute'), at('second'));
    return new Date(whole + (((millis % 1000) + 1000) % 1000));
  } catch {
    throw new CelError(`unknown time zone ${JSON.stringify(zone)}`);
  }
}

/** `ofMoment` reads a time stamp in a zone; `ofDuration` a duration, where it has such a part. */
function part(ofMoment: (date: Date) => number, ofDuration?: bigint): Implementation {
  return ([value, zone]) => {
    if (value instanceof Timestamp) {
      return BigInt(ofMoment(inZone(value, typeof zone === 'string' ? zone : 'UTC')));
    }
    return value instanceof Duration && ofDuration !== undefined ? value.nanos / ofDuration : undefined;
  };
}

const dayOfYear = (date: Date) =>
  Math.floor(
    (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) -
      Date.UTC(date.getUTCFullYear(), 0, 1)) /
      86_400_000,
  );

const millisecondsOf: Implementation = ([value, zone]) => {
  if (value instanceof Duration) return (value.nanos % 1_000_000_000n) / 1_000_000n;
  if (!(value instanceof Timestamp)) return undefined;
  return BigInt(inZone(value, typeof zone === 'string' ? zone : 'UTC').getUTCMilliseconds());
};

export const TIMES: Functions = {
  methods: {
    getFullYear: part((date) => date.getUTCFullYear()),
    getMonth: part((date) => date.getUTCMonth()),
    getDate: part((date) => date.getUTCDate()),
    getDayOfMonth: part((date) => date.getUTCDate() - 1),
    getDayOfWeek: part((date) => date.getUTCDay()),
    getDayOfYear: part(dayOfYear),
    getHours: part((date) => date.getUTCHours(), 3_600_000_000_000n),
    getMinutes: part((date) => date.getUTCMinutes(), 60_000_000_000n),
    getSeconds: part((date) => date.getUTCSeconds(), 1_000_000_000n),
    getMilliseconds: millisecondsOf,
  },
};
