import type {
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from 'kubernetes-types/autoscaling/v2';

const SHOWN = 2;

/** The column of targets of `kubectl get hpa`: what is measured over what is wanted, at most two of them. */
export function formatTargets(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>';
  const shown = specs.slice(0, SHOWN).map((spec, i) => formatTarget(spec, statuses[i]));
  const more = specs.length - SHOWN;
  return more > 0 ? `${shown.join(', ')} + ${more} more...` : shown.join(', ');
}

function formatTarget(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case 'External':
      return spec.external
        ? pair(spec.external.target, status?.external?.current, ' (avg)')
        : '<unknown type>';
    case 'Pods':
      return `${status?.pods?.current?.averageValue ?? '<unknown>'}/${spec.pods?.target.averageValue ?? ''}`;
    case 'Object':
      return spec.object ? pair(spec.object.target, status?.object?.current, ' (avg)') : '<unknown type>';
    case 'Resource':
      return `${spec.resource?.name}: ${resource(spec.resource?.target, status?.resource?.current)}`;
    case 'ContainerResource':
      return `${spec.containerResource?.name}: ${resource(spec.containerResource?.target, status?.containerResource?.current)}`;
    default:
      return '<unknown type>';
  }
}

function pair(target: MetricTarget, current: MetricValueStatus | undefined, mark: string): string {
  return target.averageValue === undefined
    ? `${current?.value ?? '<unknown>'}/${target.value ?? ''}`
    : `${current?.averageValue ?? '<unknown>'}/${target.averageValue}${mark}`;
}

function resource(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined)
    return `${current?.averageValue ?? '<unknown>'}/${target.averageValue}`;
  const share = current?.averageUtilization;
  return `${share === undefined ? '<unknown>' : `${share}%`}/${
    target?.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`
  }`;
}
