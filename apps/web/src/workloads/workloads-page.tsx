'use client';
import Link from 'next/link';
import { FirstRun } from '../bridge/first-run';
import { CronJobList } from '../cron/cron-job-list';
import { Page } from '../ui/page';
import { plural } from '../words/amounts';
import { LonePods } from './lone-pods';
import { needsAttention } from './model';
import { useCronJobs, useWorkloads } from './use-workloads';
import { WorkloadList } from './workload-list';

export function WorkloadsPage() {
  const workloads = useWorkloads();
  const crons = useCronJobs().length;
  const attention = workloads.filter(needsAttention).length;
  return (
    <Page
      title="Workloads"
      note={`${plural(workloads.length, 'workload')}${crons > 0 ? `, ${plural(crons, 'cron job')}` : ''} · ${attention === 0 ? 'all well' : `${attention} ${attention === 1 ? 'needs' : 'need'} attention`}`}
      actions={
        <Link href="/create" className="button" data-tone="primary">
          Run something
        </Link>
      }
    >
      {workloads.length === 0 && crons === 0 ? <FirstRun /> : <WorkloadList />}
      <CronJobList />
      <LonePods />
    </Page>
  );
}
