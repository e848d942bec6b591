import { DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP } from '@wheelhouse/shared/kinds/autoscaling/behavior';
import type { HorizontalPodAutoscalerSpec, HPAScalingRules } from 'kubernetes-types/autoscaling/v2';

/** A number of replicas that was once thought right. */
export interface Recommendation {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly replicas: number;
}

/** A change that was made: by how many pods. */
export interface ScaleEvent {
  readonly time: number;
  readonly change: number;
}

/** What an autoscaler remembers; lost with the process. */
export interface Memory {
  readonly recommendations: readonly Recommendation[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
}

export const NO_MEMORY: Memory = { recommendations: [], ups: [], downs: [] };

/** How long a falling load is watched before it is believed, where the behavior does not say. */
export const DOWN_WINDOW_SECONDS = 300;
const LONGEST_WINDOW_MS = 3600_000;
const LONGEST_PERIOD_MS = 1800_000;

export interface Limited {
  readonly replicas: number;
  /** What past recommendations made of the wish, and why if they changed it. */
  readonly stabilized: { readonly reason: string; readonly message: string };
  readonly limited: boolean;
  readonly reason: string;
  readonly message: string;
}

const WITHIN = {
  limited: false,
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};

/** What becomes of a wish: past recommendations hold it back, then the speed limits, then the bounds. */
export function limitReplicas(
  spec: HorizontalPodAutoscalerSpec,
  wish: { readonly current: number; readonly desired: number },
  memory: Memory,
  now: Date,
): Limited {
  const { replicas, ...stabilized } = stabilize(spec, wish, memory, now.getTime());
  const bounded = spec.behavior
    ? boundByRules(spec, { current: wish.current, desired: replicas }, memory, now.getTime())
    : boundByDefault(spec, { current: wish.current, desired: replicas });
  return { ...bounded, stabilized };
}

function stabilize(
  spec: HorizontalPodAutoscalerSpec,
  { current, desired }: { readonly current: number; readonly desired: number },
  { recommendations }: Memory,
  now: number,
): { replicas: number; reason: string; message: string } {
  const { scaleUp, scaleDown } = spec.behavior ?? {};
  const upWindow = (scaleUp?.stabilizationWindowSeconds ?? 0) * 1000;
  const downWindow = (scaleDown?.stabilizationWindowSeconds ?? DOWN_WINDOW_SECONDS) * 1000;
  let up = desired;
  let down = desired;
  for (const { time, replicas } of recommendations) {
    if (now - time < upWindow) up = Math.min(up, replicas);
    if (now - time < downWindow) down = Math.max(down, replicas);
  }
  // Without rules of its own an autoscaler goes by the highest recent recommendation alone.
  const replicas = spec.behavior ? Math.min(Math.max(current, up), down) : down;
  if (replicas === desired) {
    return {
      replicas,
      reason: 'ReadyForNewScale',
      message: 'recommended size matches current size',
    };
  }
  return spec.behavior && desired >= current
    ? {
        replicas,
        reason: 'ScaleUpStabilized',
        message:
          'recent recommendations were lower than current one, applying the lowest recent recommendation',
      }
    : {
        replicas,
        reason: 'ScaleDownStabilized',
        message:
          'recent recommendations were higher than current one, applying the highest recent recommendation',
      };
}

type Bounded = Omit<Limited, 'stabilized'>;

function tooFew(replicas: number): Bounded {
  return {
    replicas,
    limited: true,
    reason: 'TooFewReplicas',
    message: 'the desired replica count is less than the minimum replica count',
  };
}

function tooMany(replicas: number): Bounded {
  return {
    replicas,
    limited: true,
    reason: 'TooManyReplicas',
    message: 'the desired replica count is more than the maximum replica count',
  };
}

function tooFast(replicas: number): Bounded {
  return {
    replicas,
    limited: true,
    reason: 'ScaleUpLimit',
    message: 'the desired replica count is increasing faster than the maximum scale rate',
  };
}

/** Without rules of its own: at most doubled (or four), so that one wild figure does not do much. */
function boundByDefault(
  { minReplicas = 1, maxReplicas }: HorizontalPodAutoscalerSpec,
  { current, desired }: { readonly current: number; readonly desired: number },
): Bounded {
  const speed = Math.max(2 * current, 4);
  const most = Math.min(maxReplicas, speed);
  if (desired < minReplicas) return tooFew(minReplicas);
  if (desired > most) return maxReplicas > speed ? tooFast(most) : tooMany(most);
  return { replicas: desired, ...WITHIN };
}

function boundByRules(
  spec: HorizontalPodAutoscalerSpec,
  { current, desired }: { readonly current: number; readonly desired: number },
  memory: Memory,
  now: number,
): Bounded {
  const { minReplicas = 1, maxReplicas, behavior } = spec;
  if (desired > current) {
    const limit = Math.max(
      current,
      upLimit(
        behavior?.scaleUp ?? { ...DEFAULT_SCALE_UP, policies: [...DEFAULT_SCALE_UP.policies] },
        current,
        memory,
        now,
      ),
    );
    const most = Math.min(maxReplicas, limit);
    if (desired > most) return maxReplicas > limit ? tooFast(most) : tooMany(most);
  } else if (desired < current) {
    const limit = Math.min(
      current,
      downLimit(
        behavior?.scaleDown ?? { ...DEFAULT_SCALE_DOWN, policies: [...DEFAULT_SCALE_DOWN.policies] },
        current,
        memory,
        now,
      ),
    );
    const least = Math.max(minReplicas, limit);
    if (desired < least) {
      if (minReplicas >= limit) return tooFew(least);
      return {
        replicas: least,
        limited: true,
        reason: 'ScaleDownLimit',
        message: 'the desired replica count is decreasing faster than the maximum scale rate',
      };
    }
  }
  return { replicas: desired, ...WITHIN };
}

function upLimit(rules: HPAScalingRules, current: number, memory: Memory, now: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const proposals = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start =
      current - changed(memory.ups, periodSeconds, now) + changed(memory.downs, periodSeconds, now);
    return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.min(...proposals) : Math.max(...proposals);
}

/** The policy that changes least gives the highest number here. */
function downLimit(rules: HPAScalingRules, current: number, memory: Memory, now: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const proposals = (rules.policies ?? []).map(({ type, value, periodSeconds }) => {
    const start =
      current - changed(memory.ups, periodSeconds, now) + changed(memory.downs, periodSeconds, now);
    return type === 'Pods' ? start - value : Math.floor(start * (1 - value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.max(...proposals) : Math.min(...proposals);
}

function changed(events: readonly ScaleEvent[], periodSeconds: number, now: number): number {
  return events.reduce(
    (sum, { time, change }) => (now - time < periodSeconds * 1000 ? sum + change : sum),
    0,
  );
}

/** Adds what was recommended, and forgets what no window reaches any more. */
export function recommend(memory: Memory, replicas: number, now: Date): Memory {
  const time = now.getTime();
  const kept = memory.recommendations.filter((one) => time - one.time < LONGEST_WINDOW_MS);
  return { ...memory, recommendations: [...kept, { time, replicas }] };
}

export function rescaled(memory: Memory, from: number, to: number, now: Date): Memory {
  const time = now.getTime();
  const fresh = (events: readonly ScaleEvent[]) =>
    events.filter((one) => time - one.time < LONGEST_PERIOD_MS);
  return {
    ...memory,
    ups: to > from ? [...fresh(memory.ups), { time, change: to - from }] : fresh(memory.ups),
    downs: to < from ? [...fresh(memory.downs), { time, change: from - to }] : fresh(memory.downs),
  };
}
