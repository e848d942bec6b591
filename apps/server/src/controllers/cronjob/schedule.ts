import type { CronSchedule } from '@wheelhouse/shared/kinds/batch/cron-schedule';
import { Cron } from 'croner';

/** Times of a schedule, in a time zone. Milliseconds since the epoch. */
export interface Times {
  /** The first time after `time`; undefined when there is none any more (the 31st of February). */
  after(time: number): number | undefined;
}

export function timesOf(schedule: CronSchedule, timeZone: string): Times {
  if (schedule.kind === 'every') {
    const { ms } = schedule;
    return { after: (time) => Math.floor(time / 1000) * 1000 + ms };
  }
  const { minutes, hours, daysOfMonth, months, daysOfWeek, anyDayOfMonth, anyDayOfWeek } = schedule;
  const pattern = [
    minutes.join(','),
    hours.join(','),
    anyDayOfMonth ? '*' : daysOfMonth.join(','),
    months.join(','),
    anyDayOfWeek ? '*' : daysOfWeek.join(','),
  ].join(' ');
  // It only calculates: without a function nothing is ever called.
  const cron = new Cron(pattern, { timezone: timeZone, mode: '5-part' });
  return { after: (time) => cron.nextRun(new Date(time))?.getTime() };
}

/** A time that is due. `missed` counts the times that have passed, this one included, more than one. */
export interface Due {
  readonly time: number;
  readonly missed: number;
}

/** Beyond this many missed times something is wrong: a clock, or a controller that was away for long. */
export const MANY_MISSED = 100;

/**
 * The latest time after `earliest` that has come, and roughly how many have. Where many have, their number is
 * reckoned from the distance of two, and only the end is walked.
 */
export function latestDue(times: Times, earliest: number, now: number): Due | undefined {
  const first = times.after(earliest);
  if (first === undefined || first > now) return undefined;
  const second = times.after(first);
  if (second === undefined || second > now) return { time: first, missed: 0 };
  const distance = Math.max(1000, Math.round((second - first) / 1000) * 1000);
  const missed = Math.floor((now - first) / distance) + 1;
  // Distances may differ, so the walk begins well before the estimated end.
  let time = missed > MANY_MISSED ? lastBefore(times, first, now - distance * 2) : first;
  for (let next = times.after(time); next !== undefined && next <= now; next = times.after(time)) time = next;
  return { time, missed };
}

/** Some time of the schedule at or after `first`, not after `from` where there is one. */
function lastBefore(times: Times, first: number, from: number): number {
  if (from <= first) return first;
  const next = times.after(from);
  return next === undefined || next > from + (from - first) ? first : next;
}
