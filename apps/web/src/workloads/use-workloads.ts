'use client';
import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { useMemo } from 'react';
import { useAll } from '../fleet/hooks';
import { useUi } from '../ui/ui-store';
import { byPlace, isTopLevel } from './model';

/** Everything that a person scales, in the namespaces that are looked at. */
export function useWorkloads(): readonly FleetWorkload[] {
  const namespace = useUi((state) => state.namespace);
  const deployments = useAll('deployments', namespace);
  const sets = useAll('replicasets', namespace);
  const controllers = useAll('replicationcontrollers', namespace);
  return useMemo(
    () => [...deployments, ...sets, ...controllers].filter(isTopLevel).sort(byPlace),
    [deployments, sets, controllers],
  );
}
