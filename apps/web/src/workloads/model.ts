import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';

const KINDS = {
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  replicationcontrollers: 'ReplicationController',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  jobs: 'Job',
} as const;

export const workloadKind = (workload: FleetWorkload) => KINDS[workload.resource];

/** The stable name that scripts find a card by. */
export const workloadTestId = (workload: FleetWorkload) =>
  `workload-${workloadKind(workload).toLowerCase()}-${workload.namespace}-${workload.name}`;

/** Whose number of pods is a person's to choose: a daemon set has one a node, a job as many as its work needs. */
export const isScalable = ({ resource }: FleetWorkload) => resource !== 'daemonsets' && resource !== 'jobs';

/** Those whose template can be rolled out anew. */
export const isRestartable = ({ resource }: FleetWorkload) =>
  resource === 'deployments' || resource === 'statefulsets' || resource === 'daemonsets';

/** What a person scales: a replica set that belongs to a deployment is the deployment's business, a cron job's job the cron job's. */
export const isTopLevel = (workload: FleetWorkload) => workload.owner === undefined;

export function needsAttention(workload: FleetWorkload): boolean {
  // A job's pods are ready when they are; only one that failed needs a look.
  if (workload.job) return workload.job.outcome === 'Failed';
  return workload.ready < workload.desired || workload.failure !== undefined;
}

/** web-2 before web-10. */
export const byName = new Intl.Collator('en', { numeric: true });

const SYSTEM = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

type Placed = Pick<FleetWorkload, 'namespace' | 'name'>;

/** By namespace, then by name; what the cluster runs for itself comes last. Never by state: cards stay put. */
export function byPlace(a: Placed, b: Placed): number {
  const system = Number(SYSTEM.has(a.namespace)) - Number(SYSTEM.has(b.namespace));
  return system || byName.compare(a.namespace, b.namespace) || byName.compare(a.name, b.name);
}

/** `registry/team/web:2.14@sha256:…` → `web:2.14`. */
export function shortImage(image: string): string {
  return image.replace(/@sha256:.*$/, '').replace(/^.*\//, '');
}

/** The fleet's set of the autoscalers that decide about it. */
export const autoscalerSet = (workload: FleetWorkload) =>
  `scales:${workloadKind(workload)}/${workload.namespace}/${workload.name}`;
