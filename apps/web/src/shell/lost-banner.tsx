'use client';
import { useConnection } from '../fleet/connection';
import { useNow } from '../ui/use-now';
import { age, moment } from '../words/ages';

/** Unmistakable: from the moment the stream breaks, nothing on the screen is known to be true. */
export function LostBanner() {
  const status = useConnection((state) => state.status);
  const since = useConnection((state) => state.since);
  const current = useConnection((state) => state.current);
  if (status === 'lost' && since !== undefined) return <Banner since={since} />;
  if (status === 'live' && !current) {
    return (
      <div
        role="alert"
        data-testid="behind-banner"
        className="row-start-2 border-b border-brass bg-brass-soft px-5 py-2 text-[13px]"
      >
        <b className="font-semibold">The console cannot reach the cluster’s API.</b> What you see may be old.
        It keeps trying.
      </div>
    );
  }
  return null;
}

function Banner({ since }: { since: number }) {
  const now = useNow();
  return (
    <div
      role="alert"
      data-testid="lost-banner"
      className="row-start-2 border-b border-fail bg-fail-soft px-5 py-2 text-[13px]"
    >
      <b className="font-semibold text-fail-ink">Connection lost at {moment(since, now)}.</b> What you see is{' '}
      {age(since, Math.max(now, since + 3_000))} old. Your cluster goes on by itself; this page reconnects as
      soon as it can.
    </div>
  );
}
