'use client';
import { useEffect } from 'react';
import { CronJobDetail } from '../cron/cron-job-detail';
import { NodeDetail } from '../nodes/node-detail';
import { PodDetail } from '../pods/pod-detail';
import { show, useShown } from '../ui/show';
import { WorkloadDetail } from '../workloads/workload-detail';
import { ForeignDetail, isInFleet } from './foreign-detail';
import { PlainDetail } from './plain-detail';

/** Whatever the address says is open, beside the page. */
export function Detail() {
  const shown = useShown();
  useEffect(() => {
    if (!shown) return;
    const close = (event: KeyboardEvent) => {
      const typing =
        event.target instanceof HTMLElement &&
        event.target.closest('input, textarea, [contenteditable], [role=dialog], [role=slider]');
      if (event.key === 'Escape' && !event.defaultPrevented && !typing) show(undefined);
    };
    document.addEventListener('keydown', close);
    return () => document.removeEventListener('keydown', close);
  }, [shown]);
  if (!shown) return null;
  const key = `${shown.resource}/${shown.namespace ?? ''}/${shown.name}`;
  switch (shown.resource) {
    case 'pods':
      return <PodDetail key={key} shown={shown} />;
    case 'nodes':
      return <NodeDetail key={key} shown={shown} />;
    case 'deployments':
    case 'replicasets':
    case 'replicationcontrollers':
    case 'statefulsets':
    case 'daemonsets':
    case 'jobs':
      return <WorkloadDetail key={key} shown={shown} />;
    case 'cronjobs':
      return <CronJobDetail key={key} shown={shown} />;
    default:
      if (!isInFleet(shown.resource)) return <ForeignDetail key={key} shown={shown} />;
      return <PlainDetail key={key} shown={shown} />;
  }
}
