import type { PolicyRule } from 'kubernetes-types/rbac/v1';

/**
 * What the programs of this repository need, beyond what Kubernetes gives to programs of the same names. A verb that
 * a controller lacks is added here.
 */

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

export const SCHEDULER_RIGHTS: readonly PolicyRule[] = [
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
  // It reserves volumes for the claims of the pods that it places.
  { apiGroups: [''], resources: ['persistentvolumeclaims', 'persistentvolumes'], verbs: ['patch', 'update'] },
];

/**
 * One identity for all controllers. The garbage and namespace controllers alone need these verbs on every kind,
 * present and future; what is left out are the powers to impersonate and to bind.
 */
export const CONTROLLER_MANAGER_RIGHTS: readonly PolicyRule[] = [
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
  { apiGroups: ['storage.k8s.io'], resources: ['csidrivers', 'storageclasses'], verbs: ['create'] },
  { nonResourceURLs: ['*'], verbs: ['get'] },
  // Rules of aggregated roles are what others may do, not the controller itself.
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['clusterroles'], verbs: ['escalate'] },
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    resourceNames: ['kubernetes.io/kube-apiserver-client-kubelet'],
    verbs: ['approve'],
  },
  {
    apiGroups: ['certificates.k8s.io'],
    resources: ['signers'],
    resourceNames: [
      'kubernetes.io/kube-apiserver-client',
      'kubernetes.io/kube-apiserver-client-kubelet',
      'kubernetes.io/kubelet-serving',
    ],
    verbs: ['sign'],
  },
];
