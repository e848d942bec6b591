import type {
  HorizontalPodAutoscalerBehavior,
  HorizontalPodAutoscalerCondition,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from 'kubernetes-types/autoscaling/v2';

/**
 * `autoscaling/v1` has fields for one CPU target alone. The rest travels in annotations, in the form that v1 metrics
 * once had. What is not readable there is left out, as Kubernetes does.
 */
export const METRICS_ANNOTATION = 'autoscaling.alpha.kubernetes.io/metrics';
export const CURRENT_METRICS_ANNOTATION = 'autoscaling.alpha.kubernetes.io/current-metrics';
export const CONDITIONS_ANNOTATION = 'autoscaling.alpha.kubernetes.io/conditions';
export const BEHAVIOR_ANNOTATION = 'autoscaling.alpha.kubernetes.io/behavior';

type Json = Readonly<Record<string, unknown>>;

export function writeMetrics(metrics: readonly MetricSpec[]): string {
  return JSON.stringify(metrics.map(oldSpec));
}

export function readMetrics(text: string | undefined): MetricSpec[] | undefined {
  return readList(text)?.map(newSpec);
}

export function writeStatuses(statuses: readonly MetricStatus[]): string {
  return JSON.stringify(statuses.map(oldStatus));
}

export function readStatuses(text: string | undefined): MetricStatus[] | undefined {
  return readList(text)?.map(newStatus);
}

export function writeConditions(conditions: readonly HorizontalPodAutoscalerCondition[]): string {
  return JSON.stringify(
    conditions.map(({ type, status, lastTransitionTime, reason, message }) => ({
      type,
      status,
      lastTransitionTime: lastTransitionTime ?? null,
      reason,
      message,
    })),
  );
}

export function readConditions(text: string | undefined): HorizontalPodAutoscalerCondition[] | undefined {
  return readList(text)?.map((condition) => {
    const time = string(condition.lastTransitionTime);
    return {
      type: string(condition.type) ?? '',
      status: string(condition.status) ?? '',
      ...given('lastTransitionTime', time),
      ...given('reason', string(condition.reason)),
      ...given('message', string(condition.message)),
    };
  });
}

/** Written with capital letters, as its first writer did and all readers since expect. */
export function writeBehavior(behavior: HorizontalPodAutoscalerBehavior): string {
  const rules = (value: HPAScalingRules | undefined) =>
    value
      ? {
          StabilizationWindowSeconds: value.stabilizationWindowSeconds ?? null,
          SelectPolicy: value.selectPolicy ?? null,
          Policies: (value.policies ?? []).map(({ type, value: amount, periodSeconds }) => ({
            Type: type,
            Value: amount,
            PeriodSeconds: periodSeconds,
          })),
        }
      : null;
  return JSON.stringify({ ScaleUp: rules(behavior.scaleUp), ScaleDown: rules(behavior.scaleDown) });
}

export function readBehavior(text: string | undefined): HorizontalPodAutoscalerBehavior | undefined {
  const value = object(parse(text));
  if (!value) return undefined;
  const up = readRules(member(value, 'scaleUp'));
  const down = readRules(member(value, 'scaleDown'));
  return { ...(up ? { scaleUp: up } : {}), ...(down ? { scaleDown: down } : {}) };
}

function readRules(value: unknown): HPAScalingRules | undefined {
  const rules = object(value);
  if (!rules) return undefined;
  const policies = member(rules, 'policies');
  return {
    ...given('stabilizationWindowSeconds', number(member(rules, 'stabilizationWindowSeconds'))),
    ...given('selectPolicy', string(member(rules, 'selectPolicy'))),
    ...(Array.isArray(policies)
      ? {
          policies: policies.map((item: unknown) => {
            const policy = object(item) ?? {};
            return {
              type: string(member(policy, 'type')) ?? '',
              value: number(member(policy, 'value')) ?? 0,
              periodSeconds: number(member(policy, 'periodSeconds')) ?? 0,
            };
          }),
        }
      : {}),
  };
}

function oldSpec(spec: MetricSpec): Json {
  const { type, object: described, pods, resource, containerResource, external } = spec;
  return {
    type,
    ...(described && {
      object: {
        target: described.describedObject,
        metricName: described.metric.name,
        targetValue: described.target.value ?? '0',
        ...given('selector', described.metric.selector),
        ...given('averageValue', described.target.averageValue),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        targetAverageValue: pods.target.averageValue ?? '0',
        ...given('selector', pods.metric.selector),
      },
    }),
    ...(resource && { resource: { name: resource.name, ...oldResourceTarget(resource.target) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        ...oldResourceTarget(containerResource.target),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        ...given('metricSelector', external.metric.selector),
        ...given('targetValue', external.target.value),
        ...given('targetAverageValue', external.target.averageValue),
      },
    }),
  };
}

function oldResourceTarget(target: MetricTarget): Json {
  return {
    ...given('targetAverageUtilization', target.averageUtilization),
    ...given('targetAverageValue', target.averageValue),
  };
}

function newSpec(spec: Json): MetricSpec {
  const described = object(spec.object);
  const pods = object(spec.pods);
  const resource = object(spec.resource);
  const container = object(spec.containerResource);
  const external = object(spec.external);
  return {
    type: string(spec.type) ?? '',
    ...(described && {
      object: {
        describedObject: referenceOf(described.target),
        metric: identifier(described.metricName, described.selector),
        target:
          described.averageValue === undefined
            ? { type: 'Value', value: string(described.targetValue) ?? '0' }
            : { type: 'AverageValue', averageValue: string(described.averageValue) ?? '0' },
      },
    }),
    ...(pods && {
      pods: {
        metric: identifier(pods.metricName, pods.selector),
        target: { type: 'AverageValue', averageValue: string(pods.targetAverageValue) ?? '0' },
      },
    }),
    ...(resource && { resource: { name: string(resource.name) ?? '', target: newResourceTarget(resource) } }),
    ...(container && {
      containerResource: {
        name: string(container.name) ?? '',
        container: string(container.container) ?? '',
        target: newResourceTarget(container),
      },
    }),
    ...(external && {
      external: {
        metric: identifier(external.metricName, external.metricSelector),
        target:
          external.targetValue === undefined
            ? { type: 'AverageValue', ...given('averageValue', string(external.targetAverageValue)) }
            : { type: 'Value', ...given('value', string(external.targetValue)) },
      },
    }),
  };
}

function newResourceTarget(source: Json): MetricTarget {
  const share = number(source.targetAverageUtilization);
  return share === undefined
    ? { type: 'AverageValue', ...given('averageValue', string(source.targetAverageValue)) }
    : { type: 'Utilization', averageUtilization: share };
}

function oldStatus(status: MetricStatus): Json {
  const { type, object: described, pods, resource, containerResource, external } = status;
  return {
    type,
    ...(described && {
      object: {
        target: described.describedObject,
        metricName: described.metric.name,
        currentValue: described.current.value ?? '0',
        ...given('selector', described.metric.selector),
        ...given('averageValue', described.current.averageValue),
      },
    }),
    ...(pods && {
      pods: {
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? '0',
        ...given('selector', pods.metric.selector),
      },
    }),
    ...(resource && { resource: { name: resource.name, ...oldResourceValue(resource.current) } }),
    ...(containerResource && {
      containerResource: {
        name: containerResource.name,
        ...oldResourceValue(containerResource.current),
        container: containerResource.container,
      },
    }),
    ...(external && {
      external: {
        metricName: external.metric.name,
        ...given('metricSelector', external.metric.selector),
        currentValue: external.current.value ?? '0',
        ...given('currentAverageValue', external.current.averageValue),
      },
    }),
  };
}

function oldResourceValue(value: MetricValueStatus): Json {
  return {
    ...given('currentAverageUtilization', value.averageUtilization),
    currentAverageValue: value.averageValue ?? '0',
  };
}

function newStatus(status: Json): MetricStatus {
  const described = object(status.object);
  const pods = object(status.pods);
  const resource = object(status.resource);
  const container = object(status.containerResource);
  const external = object(status.external);
  return {
    type: string(status.type) ?? '',
    ...(described && {
      object: {
        describedObject: referenceOf(described.target),
        metric: identifier(described.metricName, described.selector),
        current: {
          ...given('value', string(described.currentValue)),
          ...given('averageValue', string(described.averageValue)),
        },
      },
    }),
    ...(pods && {
      pods: {
        metric: identifier(pods.metricName, pods.selector),
        current: given('averageValue', string(pods.currentAverageValue)),
      },
    }),
    ...(resource && { resource: { name: string(resource.name) ?? '', current: newResourceValue(resource) } }),
    ...(container && {
      containerResource: {
        name: string(container.name) ?? '',
        container: string(container.container) ?? '',
        current: newResourceValue(container),
      },
    }),
    ...(external && {
      external: {
        metric: identifier(external.metricName, external.metricSelector),
        current: {
          ...given('value', string(external.currentValue)),
          ...given('averageValue', string(external.currentAverageValue)),
        },
      },
    }),
  };
}

function newResourceValue(source: Json): MetricValueStatus {
  return {
    ...given('averageUtilization', number(source.currentAverageUtilization)),
    ...given('averageValue', string(source.currentAverageValue)),
  };
}

function identifier(name: unknown, selector: unknown): MetricIdentifier {
  const query = object(selector);
  return { name: string(name) ?? '', ...(query ? { selector: query } : {}) };
}

function referenceOf(value: unknown): { kind: string; name: string; apiVersion?: string } {
  const reference = object(value) ?? {};
  return {
    kind: string(reference.kind) ?? '',
    name: string(reference.name) ?? '',
    ...given('apiVersion', string(reference.apiVersion)),
  };
}

function readList(text: string | undefined): Json[] | undefined {
  const value = parse(text);
  return Array.isArray(value) ? value.map((item: unknown) => object(item) ?? {}) : undefined;
}

function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A user's own scribbling: as good as none.
    return undefined;
  }
}

function object(value: unknown): Json | undefined {
  // An object, as just seen; its members are looked at one by one.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** A member in either spelling. */
function member(value: Json, name: string): unknown {
  return value[name] ?? value[`${name.charAt(0).toUpperCase()}${name.slice(1)}`];
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function given<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  // A computed key widens to string; it is K.
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
