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
  endpointslices: '/apis/discovery.k8s.io/v1',
};

export interface Ref {
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export function pathOf({ resource, namespace, name }: Ref): string {
  const root = GROUPS[resource];
  if (!root) throw new Error(`the console does not know where ${resource} live`);
  const place = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${place}/${resource}/${encodeURIComponent(name)}`;
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
  endpointslices: 'EndpointSlice',
  events: 'Event',
};

export function kindOf(resource: string): string {
  return KINDS[resource] ?? resource;
}

/** `Deployment` → `deployments`; undefined for kinds that have no page here. */
export function resourceOf(kind: string): string | undefined {
  return Object.keys(KINDS).find((resource) => KINDS[resource] === kind);
}
