import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';

const KINDS = {
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  replicationcontrollers: 'ReplicationController',
} as const;

export const workloadKind = (workload: FleetWorkload) => KINDS[workload.resource];

/** The stable name that scripts find a card by. */
export const workloadTestId = (workload: FleetWorkload) =>
  `workload-${workloadKind(workload).toLowerCase()}-${workload.namespace}-${workload.name}`;

/** What a person scales: a replica set that belongs to a deployment is the deployment's business. */
export const isTopLevel = (workload: FleetWorkload) => workload.owner === undefined;

export function needsAttention(workload: FleetWorkload): boolean {
  return workload.ready < workload.desired || workload.failure !== undefined;
}

/** web-2 before web-10. */
const byName = new Intl.Collator('en', { numeric: true });

const SYSTEM = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

/** By namespace, then by name; what the cluster runs for itself comes last. Never by state: cards stay put. */
export function byPlace(a: FleetWorkload, b: FleetWorkload): number {
  const system = Number(SYSTEM.has(a.namespace)) - Number(SYSTEM.has(b.namespace));
  return system || byName.compare(a.namespace, b.namespace) || byName.compare(a.name, b.name);
}

/** `registry/team/web:2.14@sha256:…` → `web:2.14`. */
export function shortImage(image: string): string {
  return image.replace(/@sha256:.*$/, '').replace(/^.*\//, '');
}
