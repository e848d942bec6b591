import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from 'kubernetes-types/autoscaling/v2';
import {
  complaints,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '../../meta/field-error';
import { dns1123Label, pathSegment } from '../../meta/names';
import { tryParseQuantity } from '../../meta/quantity';

/** Checks what an autoscaler goes by. */

const TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const SOURCES = ['object', 'external', 'pods', 'resource', 'containerResource'] as const;
type Source = (typeof SOURCES)[number];

const SOURCE_OF: Readonly<Record<string, Source>> = {
  Object: 'object',
  External: 'external',
  Pods: 'pods',
  Resource: 'resource',
  ContainerResource: 'containerResource',
};

export function validateMetrics(
  metrics: readonly MetricSpec[],
  minReplicas: number | undefined,
  path: string,
): FieldError[] {
  const errors = metrics.flatMap((metric, i) => validateMetric(metric, `${path}[${i}]`));
  if (minReplicas === 0 && !metrics.some(({ type }) => type === 'Object' || type === 'External')) {
    errors.push(
      forbidden(
        path,
        'must specify at least one Object or External metric to support scaling to zero replicas',
      ),
    );
  }
  return errors;
}

function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { type } = metric;
  if (!type) errors.push(required(`${path}.type`, 'must specify a metric source type'));
  const expected = Object.hasOwn(SOURCE_OF, type ?? '') ? SOURCE_OF[type] : undefined;
  if (!expected) errors.push(notSupported(`${path}.type`, type ?? '', TYPES));
  const present = SOURCES.filter((source) => metric[source] !== undefined);
  // Only the first is looked into; the others are refused as a whole.
  if (present[0]) errors.push(...validateSource(metric, present[0], `${path}.${present[0]}`));
  if (expected && !present.includes(expected)) {
    errors.push(required(`${path}.${expected}`, 'must populate information for the given metric source'));
  }
  if (!expected) errors.push(notSupported(`${path}.type`, type ?? '', TYPES));
  if (present.length !== 1) {
    for (const source of present) {
      if (source !== expected) {
        errors.push(forbidden(`${path}.${source}`, 'must populate the given metric source only'));
      }
    }
  }
  return errors;
}

function validateSource(metric: MetricSpec, source: Source, path: string): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  const errors: FieldError[] = [];
  if (source === 'object' && object) {
    errors.push(
      ...validateReference(object.describedObject, `${path}.describedObject`),
      ...validateIdentifier(object.metric, `${path}.metric`),
      ...validateTarget(object.target, `${path}.target`),
    );
    if (object.target?.value === undefined && object.target?.averageValue === undefined) {
      errors.push(required(`${path}.target.averageValue`, 'must set either a target value or averageValue'));
    }
  } else if (source === 'external' && external) {
    errors.push(
      ...validateIdentifier(external.metric, `${path}.metric`),
      ...validateTarget(external.target, `${path}.target`),
    );
    const { value, averageValue } = external.target ?? {};
    if (value === undefined && averageValue === undefined) {
      errors.push(
        required(
          `${path}.target.averageValue`,
          'must set either a target value for metric or a per-pod target',
        ),
      );
    }
    if (value !== undefined && averageValue !== undefined) {
      errors.push(
        forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target'),
      );
    }
  } else if (source === 'pods' && pods) {
    errors.push(
      ...validateIdentifier(pods.metric, `${path}.metric`),
      ...validateTarget(pods.target, `${path}.target`),
    );
    if (pods.target?.averageValue === undefined) {
      errors.push(required(`${path}.target.averageValue`, 'must specify a positive target averageValue'));
    }
  } else if (source === 'resource' && resource) {
    if (!resource.name) errors.push(required(`${path}.name`, 'must specify a resource name'));
    errors.push(...validateResourceTarget(resource.target, `${path}.target`));
  } else if (source === 'containerResource' && containerResource) {
    const { name, container, target } = containerResource;
    if (!name) errors.push(required(`${path}.name`, 'must specify a resource name'));
    if (!container) errors.push(required(`${path}.container`, 'must specify a container'));
    else errors.push(...complaints(`${path}.container`, container, dns1123Label(container)));
    errors.push(...validateResourceTarget(target, `${path}.target`));
  }
  return errors;
}

function validateResourceTarget(target: MetricTarget | undefined, path: string): FieldError[] {
  const errors = validateTarget(target, path);
  if (target?.averageUtilization === undefined && target?.averageValue === undefined) {
    errors.push(
      required(`${path}.averageUtilization`, 'must set either a target raw value or a target utilization'),
    );
  }
  if (target?.averageUtilization !== undefined && target.averageValue !== undefined) {
    errors.push(
      forbidden(`${path}.averageValue`, 'may not set both a target raw value and a target utilization'),
    );
  }
  return errors;
}

function validateTarget(target: MetricTarget | undefined, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const type = target?.type ?? '';
  if (!type) errors.push(required(`${path}.type`, 'must specify a metric target type'));
  if (type !== 'Utilization' && type !== 'Value' && type !== 'AverageValue') {
    errors.push(invalidValue(`${path}.type`, type, 'must be either Utilization, Value, or AverageValue'));
  }
  for (const name of ['value', 'averageValue'] as const) {
    const value = target?.[name];
    if (value !== undefined && (tryParseQuantity(value)?.nanos ?? 0n) <= 0n) {
      errors.push(invalidValue(`${path}.${name}`, value, 'must be positive'));
    }
  }
  const share = target?.averageUtilization;
  if (share !== undefined && share < 1) {
    errors.push(invalidValue(`${path}.averageUtilization`, share, 'must be greater than 0'));
  }
  return errors;
}

function validateIdentifier(metric: MetricIdentifier | undefined, path: string): FieldError[] {
  const name = metric?.name ?? '';
  if (!name) return [required(`${path}.name`, 'must specify a metric name')];
  return complaints(`${path}.name`, name, pathSegment(name));
}

export function validateReference(
  reference: CrossVersionObjectReference | undefined,
  path: string,
): FieldError[] {
  return (['kind', 'name'] as const).flatMap((name) => {
    const value = reference?.[name];
    return value ? complaints(`${path}.${name}`, value, pathSegment(value)) : [required(`${path}.${name}`)];
  });
}
