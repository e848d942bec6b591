'use client';
import type { FleetCronJob, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { useMemo } from 'react';
import { useAll } from '../fleet/hooks';
import { useUi } from '../ui/ui-store';
import { byPlace, isTopLevel } from './model';

/** Everything that runs pods for a person, in the namespaces that are looked at. Cron jobs are listed beside. */
export function useWorkloads(): readonly FleetWorkload[] {
  const namespace = useUi((state) => state.namespace);
  const deployments = useAll('deployments', namespace);
  const sets = useAll('replicasets', namespace);
  const controllers = useAll('replicationcontrollers', namespace);
  const stateful = useAll('statefulsets', namespace);
  const daemons = useAll('daemonsets', namespace);
  const jobs = useAll('jobs', namespace);
  return useMemo(
    () =>
      [...deployments, ...sets, ...controllers, ...stateful, ...daemons, ...jobs]
        .filter(isTopLevel)
        .sort(byPlace),
    [deployments, sets, controllers, stateful, daemons, jobs],
  );
}

export function useCronJobs(): readonly FleetCronJob[] {
  const namespace = useUi((state) => state.namespace);
  const jobs = useAll('cronjobs', namespace);
  return useMemo(() => [...jobs].sort(byPlace), [jobs]);
}
