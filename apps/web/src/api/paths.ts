/** Where the kinds that the console knows live in the API. */
const GROUPS: Readonly<Record<string, string>> = {
  namespaces: '/api/v1',
  nodes: '/api/v1',
  pods: '/api/v1',
  services: '/api/v1',
  endpoints: '/api/v1',
  events: '/api/v1',
  configmaps: '/api/v1',
  secrets: '/api/v1',
  serviceaccounts: '/api/v1',
  replicationcontrollers: '/api/v1',
  replicasets: '/apis/apps/v1',
  deployments: '/apis/apps/v1',
  statefulsets: '/apis/apps/v1',
  daemonsets: '/apis/apps/v1',
  jobs: '/apis/batch/v1',
  cronjobs: '/apis/batch/v1',
  horizontalpodautoscalers: '/apis/autoscaling/v2',
  poddisruptionbudgets: '/apis/policy/v1',
  persistentvolumeclaims: '/api/v1',
  persistentvolumes: '/api/v1',
  endpointslices: '/apis/discovery.k8s.io/v1',
};

export interface Ref {
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Of a kind that the console knows nothing about: `plural.version.group`, as kubectl names it in full. */
export interface Foreign {
  readonly plural: string;
  readonly version: string;
  readonly group: string;
}

/** The name for addresses: short for the kinds known here, in full for all others. */
export function resourceName({ plural, version, group }: Foreign): string {
  const root = group ? `/apis/${group}/${version}` : `/api/${version}`;
  return GROUPS[plural] === root ? plural : `${plural}.${version}.${group}`;
}

export function foreignOf(resource: string): Foreign | undefined {
  const match = /^([a-z0-9-]+)\.(v[a-z0-9]+)\.([a-z0-9.-]*)$/.exec(resource);
  const [, plural, version, group] = match ?? [];
  return plural && version && group !== undefined ? { plural, version, group } : undefined;
}

function rootOf(resource: string): { root: string; plural: string } {
  const root = GROUPS[resource];
  if (root) return { root, plural: resource };
  const foreign = foreignOf(resource);
  if (!foreign) throw new Error(`the console does not know where ${resource} live`);
  const { plural, version, group } = foreign;
  return { root: group ? `/apis/${group}/${version}` : `/api/${version}`, plural };
}

export function pathOf({ resource, namespace, name }: Ref): string {
  const { root, plural } = rootOf(resource);
  const place = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${place}/${plural}/${encodeURIComponent(name)}`;
}

const KINDS: Readonly<Record<string, string>> = {
  namespaces: 'Namespace',
  nodes: 'Node',
  pods: 'Pod',
  services: 'Service',
  configmaps: 'ConfigMap',
  secrets: 'Secret',
  replicationcontrollers: 'ReplicationController',
  replicasets: 'ReplicaSet',
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  jobs: 'Job',
  cronjobs: 'CronJob',
  horizontalpodautoscalers: 'HorizontalPodAutoscaler',
  poddisruptionbudgets: 'PodDisruptionBudget',
  persistentvolumeclaims: 'PersistentVolumeClaim',
  persistentvolumes: 'PersistentVolume',
  endpointslices: 'EndpointSlice',
  events: 'Event',
};

export function kindOf(resource: string): string {
  return KINDS[resource] ?? foreignOf(resource)?.plural ?? resource;
}

/** `Deployment` → `deployments`; undefined for kinds that have no page here. */
export function resourceOf(kind: string): string | undefined {
  return Object.keys(KINDS).find((resource) => KINDS[resource] === kind);
}
