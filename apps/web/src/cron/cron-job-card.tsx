'use client';
import type { FleetCronJob, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { memo } from 'react';
import { useFleetSet } from '../fleet/hooks';
import { Age } from '../ui/age';
import { ShowLink } from '../ui/show';
import { useNow } from '../ui/use-now';
import { moment } from '../words/ages';
import { shortImage } from '../workloads/model';
import { RunNowButton, SuspendSwitch } from './cron-controls';
import { jobInWords, jobLook, nextRun, until } from './cron-words';

const SHOWN = 16;

/** A cron job: when it runs next, its last runs as tiles, and the two things that people do to it. */
export const CronJobCard = memo(function CronJobCard({ job }: { job: FleetCronJob }) {
  const jobs = useFleetSet<'jobs'>(`owner:${job.uid}`);
  return (
    <article
      className="card px-4 pt-3.5 pb-3"
      data-testid={`cronjob-${job.namespace}-${job.name}`}
      aria-label={`${job.name}, CronJob in ${job.namespace}`}
    >
      <header className="flex items-baseline gap-2">
        <h3 className="min-w-0 truncate text-[15px] font-[620] tracking-[-0.01em]">
          <ShowLink
            to={{ resource: 'cronjobs', namespace: job.namespace, name: job.name }}
            className="hover:underline hover:decoration-line-strong hover:underline-offset-4"
          >
            {job.name}
          </ShowLink>
        </h3>
        <span className="truncate text-[12px] text-ink-3">CronJob · {job.namespace}</span>
        <span className="flex-1" />
        <NextRun job={job} />
      </header>
      <JobTiles jobs={jobs} />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 text-[12.5px] text-ink-2">
        <span className="mono" title="minute, hour, day of month, month, day of week">
          {job.schedule}
        </span>
        <span className="mono min-w-0 flex-1 truncate text-ink-3">
          {job.images.map(shortImage).join(', ')}
        </span>
        <span className="text-ink-3">
          last <Age time={job.lastRun} suffix />
        </span>
        <SuspendSwitch job={job} />
        <RunNowButton job={job} />
      </div>
    </article>
  );
});

export function NextRun({ job }: { job: FleetCronJob }) {
  const now = useNow();
  const next = nextRun(job, now);
  if (job.suspended)
    return (
      <span className="tag" data-tone="attention">
        suspended
      </span>
    );
  return (
    <output
      data-testid="next-run"
      className="text-[15px] leading-none font-[620] tracking-[-0.01em] whitespace-nowrap"
      title={
        next === undefined
          ? undefined
          : `${moment(next, now)} here${job.timeZone ? `; written for ${job.timeZone}` : ''}`
      }
    >
      {next === undefined ? '–' : until(next, now)}
    </output>
  );
}

export function JobTiles({ jobs }: { jobs: readonly FleetWorkload[] }) {
  if (jobs.length === 0) return <p className="my-[11px] text-[12.5px] text-ink-3">It has not run yet.</p>;
  return (
    <div className="my-[11px] flex flex-wrap gap-1.5">
      {jobs.slice(-SHOWN).map((job) => (
        <ShowLink
          key={job.uid}
          to={{ resource: 'jobs', namespace: job.namespace, name: job.name }}
          className="tile [--tile:20px]"
          data-look={jobLook(job)}
          data-testid={`job-${job.name}`}
          aria-label={jobInWords(job)}
          title={jobInWords(job)}
        />
      ))}
    </div>
  );
}
