'use client';
import { useMemo } from 'react';
import { CronJobList } from '../cron/cron-job-list';
import { Happening } from '../events/happening';
import { useAll, useFleetComplete } from '../fleet/hooks';
import { NodeBoard } from '../nodes/node-board';
import { useScale } from '../scale/scale-store';
import { plural } from '../words/amounts';
import { LonePods } from '../workloads/lone-pods';
import { needsAttention } from '../workloads/model';
import { useCronJobs, useWorkloads } from '../workloads/use-workloads';
import { WorkloadList } from '../workloads/workload-list';
import { FirstRun } from './first-run';
import { SectionTitle } from './section-title';
import { Skeleton } from './skeleton';
import { Wake } from './wake';

/** What should run, where it runs, and what just happened. */
export function Bridge() {
  const complete = useFleetComplete();
  const workloads = useWorkloads();
  const crons = useCronJobs().length;
  const attention = useMemo(() => workloads.filter(needsAttention).length, [workloads]);
  const nodes = useAll('nodes');
  const ready = nodes.filter((node) => node.ready === 'True').length;
  const more = useScale(({ held }) => (held ? held.target - held.origin : 0));
  if (!complete) return <Skeleton />;
  return (
    <div className="flex min-h-full flex-col">
      <div className="grid flex-1 content-start grid-cols-[minmax(0,1fr)] gap-x-[22px] gap-y-6 p-4 md:px-[22px] md:py-5 wide:grid-cols-[minmax(420px,5fr)_minmax(0,6fr)]">
        <section aria-label="Workloads">
          <SectionTitle
            title="Workloads"
            note={
              workloads.length === 0
                ? ''
                : `${workloads.length + crons} · ${attention === 0 ? 'all well' : `${attention} ${attention === 1 ? 'needs' : 'need'} attention`}`
            }
          />
          {workloads.length === 0 && crons === 0 ? <FirstRun /> : <WorkloadList />}
          <CronJobList />
          <LonePods />
        </section>
        <section aria-label="Nodes">
          <SectionTitle
            title="Nodes"
            note={`${ready === nodes.length ? plural(ready, 'node') : `${ready} of ${nodes.length}`} ready${
              more > 0 ? ` · where the ${more === 1 ? 'new pod' : `${more} new pods`} would go` : ''
            }`}
          />
          <NodeBoard nodes={nodes} />
          <Happening />
        </section>
      </div>
      <Wake />
    </div>
  );
}
