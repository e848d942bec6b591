import { on, READ, type RuleTable, WRITE } from './notation';

/**
 * What the roles for people are put together from: `admin` gathers what is labelled for it, and so on down. Cluster
 * roles of custom resources join them by carrying the same labels.
 */
export const AGGREGATED_PARTS: RuleTable = {
  'system:aggregate-to-admin': [
    on('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
    on(
      'create,delete,deletecollection,get,list,patch,update,watch',
      'rbac.authorization.k8s.io',
      'rolebindings,roles',
    ),
  ],
  'system:aggregate-to-edit': [
    on(READ, '', 'pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy'),
    on('impersonate', '', 'serviceaccounts'),
    on('create', '', 'pods/eviction,serviceaccounts/token'),
    on(WRITE, '', 'pods,pods/attach,pods/exec,pods/portforward,pods/proxy'),
    on(
      WRITE,
      '',
      'configmaps,endpoints,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy',
    ),
    on(
      WRITE,
      'apps',
      'daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale',
    ),
    on(WRITE, 'autoscaling', 'horizontalpodautoscalers'),
    on(WRITE, 'batch', 'cronjobs,jobs'),
    on(
      WRITE,
      'extensions',
      'daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,replicasets,replicasets/scale,replicationcontrollers/scale',
    ),
    on(WRITE, 'policy', 'poddisruptionbudgets'),
    on(WRITE, 'networking.k8s.io', 'ingresses,networkpolicies'),
    on('create,delete,deletecollection,get,list,patch,update,watch', 'coordination.k8s.io', 'leases'),
  ],
  'system:aggregate-to-view': [
    on(
      READ,
      '',
      'configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status',
    ),
    on(
      READ,
      '',
      'bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status',
    ),
    on(READ, '', 'namespaces'),
    on(
      READ,
      'apps',
      'controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status',
    ),
    on(READ, 'autoscaling', 'horizontalpodautoscalers,horizontalpodautoscalers/status'),
    on(READ, 'batch', 'cronjobs,cronjobs/status,jobs,jobs/status'),
    on(
      READ,
      'extensions',
      'daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,replicationcontrollers/scale',
    ),
    on(READ, 'policy', 'poddisruptionbudgets,poddisruptionbudgets/status'),
    on(READ, 'networking.k8s.io', 'ingresses,ingresses/status,networkpolicies'),
    on(READ, 'discovery.k8s.io', 'endpointslices'),
    on(READ, 'coordination.k8s.io', 'leases'),
  ],
};
