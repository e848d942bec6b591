import type { FleetCronJob, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import type { Look } from '../words/pod-words';

/** How a job's tile is drawn where jobs stand in a row. */
export function jobLook({ job }: FleetWorkload): Look {
  if (job?.outcome === 'Complete') return 'done';
  if (job?.outcome === 'Failed') return 'failed';
  if (job?.suspended || !job?.active) return 'waiting';
  return 'running';
}

export function jobInWords({ name, job }: FleetWorkload): string {
  if (job?.outcome === 'Complete') return `${name} is done`;
  if (job?.outcome === 'Failed') return `${name} failed${job.message ? `: ${job.message}` : ''}`;
  if (job?.suspended) return `${name} is suspended`;
  return job?.active ? `${name} is running` : `${name} is starting`;
}

/** The first time that is still to come. */
export function nextRun({ upcoming }: FleetCronJob, now: number): number | undefined {
  return upcoming.map((time) => Date.parse(time)).find((time) => time > now);
}

/** `in 40 s`, `in 3 min`, `in 5 h`. */
export function until(time: number, now: number): string {
  const seconds = Math.ceil((time - now) / 1000);
  if (seconds < 90) return `in ${Math.max(0, seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `in ${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `in ${hours} h` : `in ${Math.round(hours / 24)} d`;
}
