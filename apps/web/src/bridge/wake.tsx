'use client';
import Link from 'next/link';
import { useMemo } from 'react';
import { useAll } from '../fleet/hooks';
import { useUi } from '../ui/ui-store';
import { useNow } from '../ui/use-now';
import { plural } from '../words/amounts';
import { type Bucket, wakeBuckets } from './wake-buckets';

const STRETCH_MS = 15_000;
const COUNT = 120;

/** The last half hour underneath: how much happened when, and where trouble was. */
export function Wake() {
  const namespace = useUi((state) => state.namespace);
  const events = useAll('events', namespace);
  const step = Math.floor(useNow() / STRETCH_MS);
  const buckets = useMemo(
    () =>
      wakeBuckets(events, { now: step * STRETCH_MS + STRETCH_MS / 2, count: COUNT, stretchMs: STRETCH_MS }),
    [events, step],
  );
  const most = Math.max(4, ...buckets.map(({ normal, warnings }) => normal + warnings));
  const warnings = buckets.reduce((sum, bucket) => sum + bucket.warnings, 0);
  return (
    <footer className="sticky bottom-0 z-[5] hidden grid-cols-[170px_minmax(0,1fr)] items-center gap-5 border-t border-line bg-paper px-[22px] py-2.5 md:grid">
      <div>
        <p className="text-[13px] font-semibold text-ink-2">Wake</p>
        <p className="text-[12px] text-ink-3">
          30 minutes
          {warnings > 0 ? <span className="text-fail-ink"> · {plural(warnings, 'warning')}</span> : ''}
        </p>
      </div>
      <Link
        href="/events"
        aria-label={`Events of the last 30 minutes, ${plural(warnings, 'warning')}`}
        className="block"
      >
        <div className="flex h-[34px] items-end gap-[2px] border-b border-line" aria-hidden="true">
          {buckets.map((bucket) => (
            <Bar key={bucket.from} bucket={bucket} most={most} />
          ))}
        </div>
        <div className="mt-1 flex justify-between text-[11.5px] text-ink-3" aria-hidden="true">
          <span>30 min</span>
          <span>20</span>
          <span>10</span>
          <span>now</span>
        </div>
      </Link>
    </footer>
  );
}

function Bar({ bucket, most }: { bucket: Bucket; most: number }) {
  const total = bucket.normal + bucket.warnings;
  // By the root: one warning stays visible beside a rollout of a hundred pods.
  const height = Math.sqrt(total / most) * 34;
  return (
    <span
      className="flex min-w-0 flex-1 flex-col justify-end rounded-t-[2px] overflow-hidden"
      style={{ height }}
      title={total > 0 ? `${plural(total, 'event')}, ${plural(bucket.warnings, 'warning')}` : undefined}
    >
      {bucket.warnings > 0 ? <i className="block bg-fail" style={{ flexGrow: bucket.warnings }} /> : null}
      {bucket.normal > 0 ? (
        <i className="block bg-run opacity-55" style={{ flexGrow: bucket.normal }} />
      ) : null}
    </span>
  );
}
