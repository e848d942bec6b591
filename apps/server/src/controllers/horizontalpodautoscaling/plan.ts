import type { HorizontalPodAutoscaler } from '@wheelhouse/shared/kinds/autoscaling/horizontal-pod-autoscaler';
import type {
  HorizontalPodAutoscalerCondition,
  HorizontalPodAutoscalerStatus,
  MetricStatus,
} from 'kubernetes-types/autoscaling/v2';
import { limitReplicas, type Memory, recommend } from './limits';
import { type MetricInput, proposalOf } from './metrics';

type Status = HorizontalPodAutoscalerStatus;

export interface AutoscalerPlan {
  /** Set when the target is to have another number of replicas. */
  readonly rescale: { readonly replicas: number; readonly reason: string } | undefined;
  /** What the status says that is wished for, once the target has been scaled to it. */
  readonly replicas: number;
  readonly metrics: readonly MetricStatus[] | undefined;
  readonly conditions: readonly Finding[];
  readonly events: readonly { readonly reason: string; readonly message: string }[];
  readonly memory: Memory;
}

export interface Finding {
  readonly type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

/** What to do about a target whose scale could be read. Decides purely. */
export function planAutoscaler(
  autoscaler: HorizontalPodAutoscaler,
  input: MetricInput & { readonly hasSelector: boolean },
  remembered: Memory,
): AutoscalerPlan {
  const { currentReplicas: current, now } = input;
  const { minReplicas = 1, maxReplicas = 1 } = autoscaler.spec ?? {};
  // What there was when the process began is the first recommendation: it must not fall at once.
  const memory = remembered.recommendations.length > 0 ? remembered : recommend(remembered, current, now);
  // What was wished for last stays the wish while nothing better is known; a new autoscaler wishes for nothing.
  const former = autoscaler.status?.desiredReplicas ?? 0;
  const conditions: Finding[] = [
    {
      type: 'AbleToScale',
      status: 'True',
      reason: 'SucceededGetScale',
      message: "the HPA controller was able to get the target's current scale",
    },
  ];
  const plan = (part: Partial<AutoscalerPlan>): AutoscalerPlan => ({
    rescale: undefined,
    replicas: former,
    metrics: undefined,
    conditions,
    events: [],
    memory,
    ...part,
  });
  if (current === 0 && minReplicas !== 0) {
    conditions.push({
      type: 'ScalingActive',
      status: 'False',
      reason: 'ScalingDisabled',
      message: 'scaling is disabled since the replica count of the target is zero',
    });
    return plan({ replicas: 0 });
  }
  if (current > maxReplicas) {
    return plan({
      replicas: maxReplicas,
      rescale: { replicas: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas' },
    });
  }
  if (current < minReplicas) {
    return plan({
      replicas: minReplicas,
      rescale: { replicas: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas' },
    });
  }
  return planByMetrics(autoscaler, input, { plan, conditions, memory });
}

function planByMetrics(
  autoscaler: HorizontalPodAutoscaler,
  input: MetricInput & { readonly hasSelector: boolean },
  context: {
    readonly plan: (part: Partial<AutoscalerPlan>) => AutoscalerPlan;
    readonly conditions: Finding[];
    readonly memory: Memory;
  },
): AutoscalerPlan {
  const { plan, conditions, memory } = context;
  const { spec } = autoscaler;
  const { currentReplicas: current, now } = input;
  if (!spec || !input.hasSelector) {
    conditions.push({
      type: 'ScalingActive',
      status: 'False',
      reason: 'InvalidSelector',
      message: "the HPA target's scale is missing a selector",
    });
    return plan({ events: [{ reason: 'SelectorRequired', message: 'selector is required' }] });
  }
  const proposals = (spec.metrics ?? []).map((metric) => proposalOf(metric, input));
  const good = proposals.flatMap((proposal) => (proposal.ok ? [proposal] : []));
  const bad = proposals.flatMap((proposal) => (proposal.ok ? [] : [proposal]));
  const best = good.reduce<(typeof good)[number] | undefined>(
    (most, proposal) => (!most || proposal.replicas > most.replicas ? proposal : most),
    undefined,
  );
  const metrics = good.map(({ status }) => status);
  const [first] = bad;
  const events = bad.map(({ reason, message }) => ({ reason, message }));
  // Where not everything is known, there may be more pods but not fewer.
  if (!best || (first && best.replicas < current)) {
    const { reason = 'FailedGetResourceMetric', message = 'no metrics' } = first ?? {};
    conditions.push({
      type: 'ScalingActive',
      status: 'False',
      reason,
      message: `the HPA was unable to compute the replica count: ${message}`,
    });
    const summary = `invalid metrics (${bad.length} invalid out of ${proposals.length}), first error is: failed to get ${first?.what ?? 'metric'} value: ${message}`;
    return plan({
      metrics,
      events: [...events, { reason: 'FailedComputeMetricsReplicas', message: summary }],
    });
  }
  conditions.push({
    type: 'ScalingActive',
    status: 'True',
    reason: 'ValidMetricFound',
    message: `the HPA was able to successfully calculate a replica count from ${best.name}`,
  });
  const limited = limitReplicas(spec, { current, desired: best.replicas }, memory, now);
  conditions.push(
    { type: 'AbleToScale', status: 'True', ...limited.stabilized },
    {
      type: 'ScalingLimited',
      status: limited.limited ? 'True' : 'False',
      reason: limited.reason,
      message: limited.message,
    },
  );
  const { replicas } = limited;
  return plan({
    replicas,
    metrics,
    events,
    memory: recommend(memory, best.replicas, now),
    ...(replicas === current
      ? {}
      : {
          rescale: {
            replicas,
            reason: replicas > current ? `${best.name} above target` : 'All metrics below target',
          },
        }),
  });
}

/** The new status: conditions keep the time of their last change. */
export function statusAfter(
  former: Status | undefined,
  found: {
    readonly current: number | undefined;
    readonly desired: number;
    readonly metrics: readonly MetricStatus[] | undefined;
    readonly conditions: readonly Finding[];
    readonly rescaled: boolean;
  },
  now: Date,
): Status {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  let conditions: HorizontalPodAutoscalerCondition[] = [...(former?.conditions ?? [])];
  for (const finding of found.conditions) {
    const known = conditions.find(({ type }) => type === finding.type);
    const lastTransitionTime = known?.status === finding.status ? (known.lastTransitionTime ?? time) : time;
    const next = { ...finding, lastTransitionTime };
    conditions = known ? conditions.map((one) => (one === known ? next : one)) : [...conditions, next];
  }
  const lastScaleTime = found.rescaled ? time : former?.lastScaleTime;
  const current = found.current ?? former?.currentReplicas;
  const metrics = found.metrics ?? former?.currentMetrics;
  return {
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    ...(current === undefined ? {} : { currentReplicas: current }),
    desiredReplicas: found.desired,
    ...(metrics?.length ? { currentMetrics: [...metrics] } : {}),
    conditions,
  };
}
