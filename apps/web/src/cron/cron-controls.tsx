'use client';
import type { FleetCronJob } from '@wheelhouse/shared/console/protocol';
import { useState } from 'react';
import { runNow, setSuspended } from './cron-actions';

/** On: it runs when its time comes. Off: it is suspended; what runs goes on. */
export function SuspendSwitch({ job }: { job: FleetCronJob }) {
  return (
    <button
      type="button"
      role="switch"
      className="switch"
      aria-checked={!job.suspended}
      aria-label={`${job.name} runs by its schedule`}
      title={job.suspended ? 'Suspended: it runs no more by itself' : 'It runs by its schedule'}
      onClick={() => void setSuspended(job, !job.suspended)}
    />
  );
}

export function RunNowButton({ job }: { job: FleetCronJob }) {
  const [busy, setBusy] = useState(false);
  return (
    <button
      type="button"
      className="button h-7 px-2.5 text-[12.5px]"
      disabled={busy}
      onClick={() => {
        setBusy(true);
        void runNow(job).finally(() => setBusy(false));
      }}
    >
      Run now
    </button>
  );
}
