import type { RbacSource } from './rbac-authorizer';
import type { PolicyRule } from './rbac-rules';

const READ = ['get', 'list', 'watch'];
const WRITE_EVENTS: PolicyRule = {
  apiGroups: ['', 'events.k8s.io'],
  resources: ['events'],
  verbs: ['create', 'patch', 'update'],
};
const ASK_ABOUT_ACCESS: PolicyRule[] = [
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
  { apiGroups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
];

/** Leader election: a lease (or, for old programs, an endpoints object) of a fixed name. */
function leads(name: string): PolicyRule[] {
  return [
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [name],
      verbs: ['get', 'update', 'patch'],
    },
    { apiGroups: [''], resources: ['endpoints'], verbs: ['create'] },
    { apiGroups: [''], resources: ['endpoints'], resourceNames: [name], verbs: ['get', 'update'] },
  ];
}

/** The roles that the control plane cannot work without; they hold whatever the cluster's own RBAC objects say. */
const CLUSTER_ROLES: Readonly<Record<string, readonly PolicyRule[]>> = {
  'cluster-admin': [
    { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['*'], verbs: ['*'] },
  ],
  'system:discovery': [
    {
      nonResourceURLs: [
        '/api',
        '/api/*',
        '/apis',
        '/apis/*',
        '/healthz',
        '/livez',
        '/openapi',
        '/openapi/*',
        '/readyz',
        '/version',
        '/version/',
      ],
      verbs: ['get'],
    },
  ],
  'system:basic-user': [
    {
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      verbs: ['create'],
    },
    { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
  ],
  'system:public-info-viewer': [
    {
      nonResourceURLs: ['/healthz', '/livez', '/livez/*', '/readyz', '/readyz/*', '/version', '/version/'],
      verbs: ['get'],
    },
  ],
  'system:service-account-issuer-discovery': [
    { nonResourceURLs: ['/.well-known/openid-configuration', '/openid/v1/jwks'], verbs: ['get'] },
  ],
  'system:kube-scheduler': [
    WRITE_EVENTS,
    ...leads('kube-scheduler'),
    ...ASK_ABOUT_ACCESS,
    {
      apiGroups: [''],
      resources: [
        'nodes',
        'namespaces',
        'replicationcontrollers',
        'services',
        'persistentvolumeclaims',
        'persistentvolumes',
      ],
      verbs: READ,
    },
    { apiGroups: [''], resources: ['pods'], verbs: [...READ, 'delete'] },
    { apiGroups: [''], resources: ['bindings', 'pods/binding'], verbs: ['create'] },
    { apiGroups: [''], resources: ['pods/status'], verbs: ['patch', 'update'] },
    { apiGroups: ['apps'], resources: ['replicasets', 'statefulsets'], verbs: READ },
    { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: READ },
    { apiGroups: ['scheduling.k8s.io'], resources: ['priorityclasses'], verbs: READ },
    { apiGroups: ['storage.k8s.io'], resources: ['*'], verbs: READ },
  ],
  // One identity for all controllers. The garbage and namespace controllers alone need these verbs on every kind,
  // present and future; what is left out are the powers to impersonate, bind, escalate and approve.
  'system:kube-controller-manager': [
    WRITE_EVENTS,
    ...leads('kube-controller-manager'),
    ...ASK_ABOUT_ACCESS,
    { apiGroups: ['*'], resources: ['*'], verbs: [...READ, 'patch', 'update', 'delete', 'deletecollection'] },
    {
      apiGroups: [''],
      resources: [
        'configmaps',
        'endpoints',
        'namespaces',
        'persistentvolumeclaims',
        'persistentvolumes',
        'pods',
        'pods/eviction',
        'secrets',
        'serviceaccounts',
        'serviceaccounts/token',
      ],
      verbs: ['create'],
    },
    { apiGroups: ['apps'], resources: ['controllerrevisions', 'replicasets'], verbs: ['create'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create'] },
    { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['create'] },
    { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['create'] },
    { nonResourceURLs: ['*'], verbs: ['get'] },
  ],
};

const AUTHENTICATED = group('system:authenticated');
const BINDINGS: ReturnType<RbacSource['clusterRoleBindings']> = [
  bind('cluster-admin', group('system:masters')),
  bind('system:discovery', AUTHENTICATED),
  bind('system:basic-user', AUTHENTICATED),
  bind('system:public-info-viewer', AUTHENTICATED, group('system:unauthenticated')),
  bind('system:service-account-issuer-discovery', group('system:serviceaccounts')),
  bind('system:kube-scheduler', user('system:kube-scheduler')),
  bind('system:kube-controller-manager', user('system:kube-controller-manager')),
];

/** The built-in roles and bindings as a source for {@link import('./rbac-authorizer').createRbacAuthorizer}. */
export const builtInRbac: RbacSource = {
  clusterRole(name) {
    const rules = Object.hasOwn(CLUSTER_ROLES, name) ? CLUSTER_ROLES[name] : undefined;
    return rules && { rules: [...rules] };
  },
  role: () => undefined,
  clusterRoleBindings: () => BINDINGS,
  roleBindings: () => [],
};

function group(name: string) {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name };
}

function user(name: string) {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name };
}

function bind(role: string, ...subjects: ReturnType<typeof group>[]) {
  return { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role }, subjects };
}
