'use client';
import type { FleetPod, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { Age } from '../ui/age';
import { ShowLink } from '../ui/show';
import { lookOf, podDetail, podInWords } from '../words/pod-words';
import { isScalable, shortImage } from './model';
import { StuckPod } from './stuck-pod';
import { UnplacedPods } from './unplaced-pods';

interface StoryOf {
  readonly workload: FleetWorkload;
}

interface StoryProps extends StoryOf {
  readonly pods: readonly FleetPod[];
  readonly desired: number;
}

/** The most telling thing about a workload, in words; when all is well, quietly what it runs. */
export function WorkloadStory({ workload, pods, desired }: StoryProps) {
  const failing = pods.filter((pod) => lookOf(pod) === 'failed');
  const unplaced = pods.filter((pod) => pod.phase === 'Pending' && !pod.node);
  const first = failing[0];
  // A job that came to its end is told by its end: what failed on the way was made up for.
  if (workload.job?.outcome) return <JobEnd workload={workload} />;
  if (first) {
    return (
      <Line end={<LogsLink pod={first} />}>
        <b className="shrink-0 font-semibold text-fail-ink">{failing.length} failing</b>
        <Dot />
        <span className="truncate" title={podDetail(first)}>
          {first.name} {podInWords(first)}
          {podDetail(first) ? `: ${podDetail(first)}` : ''}
        </span>
      </Line>
    );
  }
  const waiting = unplaced.find((pod) => pod.unscheduled);
  if (waiting) return <UnplacedPods first={waiting} count={unplaced.length} />;
  if (workload.failure) {
    return (
      <p className="border-t border-line pt-2 text-[12.5px] leading-[1.55] text-ink-2">
        <b className="font-semibold text-fail-ink">New pods cannot be made.</b> {workload.failure}
      </p>
    );
  }
  const stuck = pods.find((pod) => pod.phase === 'Pending' && pod.node);
  const course = <Course workload={workload} pods={pods} desired={desired} />;
  return stuck ? <StuckPod pod={stuck} otherwise={course} /> : course;
}

function JobEnd({ workload }: StoryOf) {
  const { job } = workload;
  if (job?.outcome === 'Failed') {
    return (
      <p className="border-t border-line pt-2 text-[12.5px] leading-[1.55] text-ink-2">
        <b className="font-semibold text-fail-ink">It gave up.</b> {job.message}
      </p>
    );
  }
  return (
    <Line end={job?.failed ? `${job.failed} failed on the way` : undefined}>
      <span>
        Done <Age time={job?.finished} suffix />
      </span>
      <Dot />
      <span className="mono truncate">{workload.images.map(shortImage).join(', ')}</span>
    </Line>
  );
}

/** Nothing is wrong: what it runs, and what is on its way. */
function Course({ workload, pods, desired }: StoryProps) {
  const image = <span className="mono truncate">{workload.images.map(shortImage).join(', ') || '–'}</span>;
  const updated = workload.updated ?? desired;
  if (
    workload.updated !== undefined &&
    workload.replicas > 0 &&
    updated < Math.min(desired, workload.replicas)
  ) {
    return (
      <Line>
        <span>Rolling to</span>
        {image}
        <Dot />
        <span>
          {updated} of {desired} new
        </span>
      </Line>
    );
  }
  return (
    <Line end={movement(pods, desired)}>
      {workload.paused ? <b className="font-semibold text-ink">Paused</b> : null}
      {workload.job?.suspended ? <b className="font-semibold text-ink">Suspended</b> : null}
      {desired === 0 && workload.resource === 'daemonsets' ? (
        <span>No node takes it now.</span>
      ) : desired === 0 && isScalable(workload) ? (
        <span>Set to none. Drag the handle to bring it back.</span>
      ) : (
        image
      )}
    </Line>
  );
}

/** What is on its way. */
function movement(pods: readonly FleetPod[], desired: number): string | undefined {
  const leaving = pods.filter((pod) => pod.phase === 'Terminating').length;
  const starting = pods.filter((pod) => ['waiting', 'starting'].includes(lookOf(pod))).length;
  const missing = Math.max(0, desired - (pods.length - leaving));
  const parts = [
    starting + missing > 0 ? `${starting + missing} starting` : '',
    leaving > 0 ? `${leaving} stopping` : '',
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(', ') : undefined;
}

function LogsLink({ pod }: { pod: FleetPod }) {
  return (
    <ShowLink
      className="link"
      to={{ resource: 'pods', namespace: pod.namespace, name: pod.name, tab: 'logs' }}
    >
      Logs
    </ShowLink>
  );
}

const Dot = () => (
  <span className="text-ink-3" aria-hidden="true">
    ·
  </span>
);

function Line({ children, end }: { children: React.ReactNode; end?: React.ReactNode }) {
  return (
    <div className="flex min-h-[20px] items-baseline gap-2 text-[12.5px] text-ink-2">
      {children}
      <span className="flex-1" />
      {end ? <span className="shrink-0">{end}</span> : null}
    </div>
  );
}
