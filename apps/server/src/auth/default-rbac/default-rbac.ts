import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding, Subject } from 'kubernetes-types/rbac/v1';
import { COMPONENT_ROLES } from './component-roles';
import { CONTROLLER_ROLES } from './controller-roles';
import { NAMESPACED_DEFAULTS } from './namespaced';
import type { RuleTable } from './notation';
import { AGGREGATED_PARTS } from './user-roles';

/** Roles and bindings, of a table or of the cluster. */
export interface RbacObjects {
  readonly clusterRoles: readonly ClusterRole[];
  readonly clusterRoleBindings: readonly ClusterRoleBinding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly RoleBinding[];
}

const GROUP = 'rbac.authorization.k8s.io';
const AGGREGATE = `${GROUP}/aggregate-to-`;
/** With the value `true` the object is put right at every start; anything else leaves it to its owner. */
export const AUTOUPDATE = 'rbac.authorization.kubernetes.io/autoupdate';

const group = (name: string): Subject => ({ kind: 'Group', apiGroup: GROUP, name });
const user = (name: string): Subject => ({ kind: 'User', apiGroup: GROUP, name });
const account = (name: string): Subject => ({ kind: 'ServiceAccount', name, namespace: 'kube-system' });

const AUTHENTICATED = group('system:authenticated');

/** Whom the cluster roles are granted to; roles that are not here are for people to grant. */
const SUBJECTS: Readonly<Record<string, readonly Subject[]>> = {
  'cluster-admin': [group('system:masters')],
  'system:basic-user': [AUTHENTICATED],
  'system:discovery': [AUTHENTICATED],
  'system:public-info-viewer': [AUTHENTICATED, group('system:unauthenticated')],
  'system:monitoring': [group('system:monitoring')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:kube-dns': [account('kube-dns')],
  // Nodes are judged by the node authorizer, which knows their pods; the binding is there to be extended.
  'system:node': [],
};

/** The roles for people, which gather their rules from others, and what gathers them in turn. */
const GATHERED: readonly { name: string; labels: Record<string, string> }[] = [
  { name: 'admin', labels: {} },
  { name: 'edit', labels: { [`${AGGREGATE}admin`]: 'true' } },
  { name: 'view', labels: { [`${AGGREGATE}edit`]: 'true' } },
];

/** What every cluster begins with. Nodes' and controllers' rights are the ones that Kubernetes gives them. */
export const DEFAULT_RBAC: RbacObjects = {
  clusterRoles: [
    ...GATHERED.map(
      ({ name, labels }): ClusterRole => ({
        metadata: metadata(name, undefined, labels),
        aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [`${AGGREGATE}${name}`]: 'true' } }] },
      }),
    ),
    ...clusterRoles(AGGREGATED_PARTS, (name) => ({ [name.replace(/^system:/, `${GROUP}/`)]: 'true' })),
    ...clusterRoles(COMPONENT_ROLES),
    ...clusterRoles(CONTROLLER_ROLES),
  ],
  clusterRoleBindings: [
    ...Object.entries(SUBJECTS).map(([name, subjects]) => clusterRoleBinding(name, subjects)),
    ...Object.keys(CONTROLLER_ROLES).map((name) =>
      clusterRoleBinding(name, [account(name.replace(/^system:controller:/, ''))]),
    ),
  ],
  roles: NAMESPACED_DEFAULTS.map(({ namespace, role, rules }) => ({
    metadata: metadata(role, namespace),
    rules: [...rules],
  })),
  roleBindings: NAMESPACED_DEFAULTS.map(({ namespace, role, binding, subjects }) => ({
    metadata: metadata(binding ?? role, namespace),
    roleRef: { apiGroup: GROUP, kind: 'Role', name: role },
    subjects: [...subjects],
  })),
};

function metadata(name: string, namespace?: string, labels: Record<string, string> = {}) {
  return {
    name,
    ...(namespace ? { namespace } : {}),
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { [AUTOUPDATE]: 'true' },
  };
}

function clusterRoles(table: RuleTable, labels?: (name: string) => Record<string, string>): ClusterRole[] {
  return Object.entries(table).map(([name, rules]) => ({
    metadata: metadata(name, undefined, labels?.(name)),
    rules: [...rules],
  }));
}

function clusterRoleBinding(name: string, subjects: readonly Subject[]): ClusterRoleBinding {
  return {
    metadata: metadata(name),
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
    ...(subjects.length ? { subjects: [...subjects] } : {}),
  };
}
