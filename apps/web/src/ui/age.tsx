'use client';
import { age, ago, moment } from '../words/ages';
import { useNow } from './use-now';

/** How long ago, ticking; the exact time is one hover away. A time that is not known is a dash. */
export function Age({ time, suffix = false }: { time: string | undefined; suffix?: boolean }) {
  const now = useNow();
  const at = time ? Date.parse(time) : Number.NaN;
  if (Number.isNaN(at)) return <span>–</span>;
  return (
    <time dateTime={time} title={moment(at, now)} suppressHydrationWarning>
      {suffix ? ago(at, now) : age(at, now)}
    </time>
  );
}
