import { groupResourceOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import { selectorOf } from '@wheelhouse/shared/meta/labels';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { compareQuantities } from '@wheelhouse/shared/meta/quantity';
import type {
  PersistentVolumeClaim,
  Pod,
  ScopedResourceSelectorRequirement,
  Service,
} from 'kubernetes-types/core/v1';
import type { Amounts } from './amounts';
import { countsForPods, isBestEffort, looksAcrossNamespaces, missingOf, podUsage } from './pod-usage';

/** What objects of one resource take of quotas. */
export interface Evaluator {
  /** Whether a quota that limits this name limits objects of the resource. */
  counts(name: string): boolean;
  usage(object: KubeObject): Amounts;
  inScope(scope: ScopedResourceSelectorRequirement, object: KubeObject): boolean;
  /** What a quota on these names demands of the object and does not find. */
  missing?(object: KubeObject, names: readonly string[]): string | undefined;
  /** Updates may take more than before, too. */
  readonly grows: boolean;
}

const STORAGE_CLASS_SUFFIX = '.storageclass.storage.k8s.io/';
/** Counted under names of their own as well, since before there were counts of everything. */
const OLD_NAMES: ReadonlySet<string> = new Set([
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
]);
/** Too many and too short-lived to be counted. */
const IGNORED: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io']);

// The resource that an evaluator is for says what its objects are.
const pods: Evaluator = {
  counts: countsForPods,
  usage: (object) => podUsage(object as Pod),
  inScope: (scope, object) => podInScope(scope, object as Pod),
  missing: (object, names) => missingOf(object as Pod, names),
  grows: false,
};

const services: Evaluator = {
  counts: (name) => SERVICE_NAMES.has(name),
  usage: (object) => serviceUsage(object as Service),
  inScope: () => false,
  grows: true,
};
const SERVICE_NAMES: ReadonlySet<string> = new Set([
  'services',
  'count/services',
  'services.nodeports',
  'services.loadbalancers',
]);

const claims: Evaluator = {
  counts: (name) =>
    name === 'persistentvolumeclaims' ||
    name === 'count/persistentvolumeclaims' ||
    name === 'requests.storage' ||
    name.endsWith(`${STORAGE_CLASS_SUFFIX}requests.storage`) ||
    name.endsWith(`${STORAGE_CLASS_SUFFIX}persistentvolumeclaims`),
  usage: (object) => claimUsage(object as PersistentVolumeClaim),
  inScope: (scope, object) =>
    scope.scopeName === 'VolumeAttributesClass' &&
    matchesValue(scope, (object as PersistentVolumeClaim).spec?.volumeAttributesClassName),
  grows: true,
};

const others = new Map<string, Evaluator>();

/** Undefined for what no quota counts. */
export function evaluatorOf(type: Pick<ResourceType, 'group' | 'plural'>): Evaluator | undefined {
  const resource = groupResourceOf(type);
  if (resource === 'pods') return pods;
  if (resource === 'services') return services;
  if (resource === 'persistentvolumeclaims') return claims;
  if (IGNORED.has(resource)) return undefined;
  let evaluator = others.get(resource);
  if (!evaluator) {
    const usage: Amounts = {
      [`count/${resource}`]: '1',
      ...(OLD_NAMES.has(resource) ? { [resource]: '1' } : {}),
    };
    evaluator = {
      counts: (name) => Object.hasOwn(usage, name),
      usage: () => usage,
      inScope: () => false,
      grows: false,
    };
    others.set(resource, evaluator);
  }
  return evaluator;
}

function serviceUsage({ spec }: Service): Amounts {
  const ports = spec?.ports ?? [];
  const count = { services: '1', 'count/services': '1' };
  switch (spec?.type) {
    case 'NodePort':
      return { ...count, 'services.nodeports': String(ports.length), 'services.loadbalancers': '0' };
    case 'LoadBalancer': {
      const own =
        spec.allocateLoadBalancerNodePorts === false ? ports.filter((port) => port.nodePort) : ports;
      return { ...count, 'services.nodeports': String(own.length), 'services.loadbalancers': '1' };
    }
    default:
      return { ...count, 'services.nodeports': '0', 'services.loadbalancers': '0' };
  }
}

function claimUsage({ metadata, spec, status }: PersistentVolumeClaim): Amounts {
  const storageClass =
    metadata?.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName;
  const requested = spec?.resources?.requests?.storage;
  // While it shrinks back from a failed expansion, what was allocated counts.
  const allocated = status?.allocatedResources?.storage;
  const storage =
    requested !== undefined && allocated !== undefined && compareQuantities(allocated, requested) > 0
      ? allocated
      : requested;
  const prefix = storageClass ? `${storageClass}${STORAGE_CLASS_SUFFIX}` : undefined;
  return {
    persistentvolumeclaims: '1',
    'count/persistentvolumeclaims': '1',
    ...(prefix ? { [`${prefix}persistentvolumeclaims`]: '1' } : {}),
    ...(storage ? { 'requests.storage': storage } : {}),
    ...(storage && prefix ? { [`${prefix}requests.storage`]: storage } : {}),
  };
}

function podInScope(scope: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  const deadline = pod.spec?.activeDeadlineSeconds;
  switch (scope.scopeName) {
    case 'Terminating':
      return deadline !== undefined && deadline >= 0;
    case 'NotTerminating':
      return deadline === undefined;
    case 'BestEffort':
      return isBestEffort(pod);
    case 'NotBestEffort':
      return !isBestEffort(pod);
    case 'PriorityClass':
      return matchesValue(scope, pod.spec?.priorityClassName);
    case 'CrossNamespacePodAffinity':
      return looksAcrossNamespaces(pod);
    default:
      return false;
  }
}

/** The scope's operator over the one value that the object has, or has not. */
function matchesValue(scope: ScopedResourceSelectorRequirement, value: string | undefined): boolean {
  const { scopeName, operator, values = [] } = scope;
  if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist')
    return false;
  return selectorOf([{ key: scopeName, operator, values }]).matches(value ? { [scopeName]: value } : {});
}
