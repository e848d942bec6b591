'use client';
import { plural } from '../words/amounts';
import { useCronJobs } from '../workloads/use-workloads';
import { CronJobCard } from './cron-job-card';

/** Beyond this many the rest is a number: each card redraws its clock. */
const MOST = 60;

/** What runs by the clock, under what runs all the time. */
export function CronJobList() {
  const jobs = useCronJobs();
  if (jobs.length === 0) return null;
  return (
    <div className="mt-3 flex flex-col gap-3">
      {jobs.slice(0, MOST).map((job) => (
        <CronJobCard key={job.uid} job={job} />
      ))}
      {jobs.length > MOST ? (
        <p className="text-[13px] text-ink-3">
          and {plural(jobs.length - MOST, 'more cron job')}; find them by name with ⌘K
        </p>
      ) : null}
    </div>
  );
}
