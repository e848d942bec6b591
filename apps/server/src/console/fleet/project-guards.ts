import type { FleetAutoscaler, FleetBudget, FleetClaim } from '@wheelhouse/shared/console/protocol';
import { formatTargets } from '@wheelhouse/shared/kinds/autoscaling/targets-column';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2';
import type { PersistentVolumeClaim } from 'kubernetes-types/core/v1';
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1';
import { base } from './project-base';

/** What stands beside a workload and has a say in it: who scales it, what guards it, what it keeps. */
export function projectAutoscaler(autoscaler: Stored<HorizontalPodAutoscaler>): FleetAutoscaler {
  const { spec, status } = autoscaler;
  const trouble = status?.conditions?.find(
    ({ type, status: is }) => (type === 'ScalingActive' || type === 'AbleToScale') && is === 'False',
  );
  return {
    resource: 'horizontalpodautoscalers',
    ...base(autoscaler),
    target: { kind: spec?.scaleTargetRef.kind ?? '', name: spec?.scaleTargetRef.name ?? '' },
    min: spec?.minReplicas ?? 1,
    max: spec?.maxReplicas ?? 1,
    current: status?.currentReplicas ?? 0,
    wanted: status?.desiredReplicas ?? 0,
    targets: formatTargets(spec?.metrics ?? [], status?.currentMetrics ?? []),
    ...(trouble?.message ? { trouble: trouble.message } : {}),
  };
}

export function projectBudget(budget: Stored<PodDisruptionBudget>): FleetBudget {
  const { spec, status } = budget;
  return {
    resource: 'poddisruptionbudgets',
    ...base(budget),
    ...(spec?.selector ? { selector: spec.selector } : {}),
    rule:
      spec?.maxUnavailable === undefined
        ? `at least ${spec?.minAvailable ?? 1}`
        : `at most ${spec.maxUnavailable} missing`,
    allowed: status?.disruptionsAllowed ?? 0,
    healthy: status?.currentHealthy ?? 0,
    wanted: status?.desiredHealthy ?? 0,
  };
}

export function projectClaim(claim: Stored<PersistentVolumeClaim>): FleetClaim {
  const { spec, status } = claim;
  const size = status?.capacity?.storage ?? spec?.resources?.requests?.storage;
  return {
    resource: 'persistentvolumeclaims',
    ...base(claim),
    phase: claim.metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? 'Pending'),
    ...(size ? { size } : {}),
    ...(spec?.storageClassName ? { storageClass: spec.storageClassName } : {}),
    ...(spec?.volumeName ? { volume: spec.volumeName } : {}),
  };
}
