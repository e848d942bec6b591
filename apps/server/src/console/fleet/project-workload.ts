import type { FleetJobProgress, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { DaemonSet, Deployment, ReplicaSet, StatefulSet } from 'kubernetes-types/apps/v1';
import type { Job } from 'kubernetes-types/batch/v1';
import type { PodTemplateSpec, ReplicationController } from 'kubernetes-types/core/v1';
import { base, controllerOf } from './project-base';
import { requestsOf } from './project-pod';

export const projectDeployment = (deployment: Stored<Deployment>): FleetWorkload => ({
  ...project('deployments', deployment),
  updated: deployment.status?.updatedReplicas ?? 0,
  ...(deployment.spec?.paused ? { paused: true } : {}),
});

export const projectReplicaSet = (set: Stored<ReplicaSet>): FleetWorkload => project('replicasets', set);

export const projectReplicationController = (controller: Stored<ReplicationController>): FleetWorkload =>
  project('replicationcontrollers', controller);

export function projectStatefulSet(set: Stored<StatefulSet>): FleetWorkload {
  const claims = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '');
  return {
    ...project('statefulsets', set),
    updated: set.status?.updatedReplicas ?? 0,
    ...(claims.length > 0 ? { claims } : {}),
  };
}

export function projectDaemonSet(set: Stored<DaemonSet>): FleetWorkload {
  const { status } = set;
  return {
    ...project('daemonsets', set),
    desired: status?.desiredNumberScheduled ?? 0,
    replicas: status?.currentNumberScheduled ?? 0,
    ready: status?.numberReady ?? 0,
    updated: status?.updatedNumberScheduled ?? 0,
  };
}

export function projectJob(job: Stored<Job>): FleetWorkload {
  const progress = progressOf(job);
  const { completions, parallelism, succeeded } = progress;
  const left = completions === undefined ? parallelism : Math.max(0, completions - succeeded);
  const idle = progress.suspended || progress.outcome !== undefined;
  return {
    ...project('jobs', job),
    desired: idle ? 0 : Math.min(parallelism, left),
    replicas: progress.active,
    ready: job.status?.ready ?? 0,
    // Its status keeps no generation: there is nothing that it could be behind of.
    behind: false,
    job: progress,
  };
}

function progressOf({ spec, status }: Stored<Job>): FleetJobProgress {
  const end = status?.conditions?.find(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
  const finished = status?.completionTime ?? end?.lastTransitionTime;
  return {
    ...(typeof spec?.completions === 'number' ? { completions: spec.completions } : {}),
    parallelism: spec?.parallelism ?? 1,
    active: status?.active ?? 0,
    succeeded: status?.succeeded ?? 0,
    failed: status?.failed ?? 0,
    suspended: spec?.suspend ?? false,
    ...(end ? { outcome: end.type === 'Failed' ? 'Failed' : 'Complete' } : {}),
    ...(end?.type === 'Failed' && end.message ? { message: end.message } : {}),
    ...(status?.startTime ? { started: status.startTime } : {}),
    ...(end && finished ? { finished } : {}),
  };
}

/** What all of them say in the same words, as far as each does. */
interface WorkloadShape {
  readonly metadata: Stored<Deployment>['metadata'];
  readonly spec?: { readonly replicas?: number; readonly template?: PodTemplateSpec };
  readonly status?: {
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly observedGeneration?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

function project(
  resource: FleetWorkload['resource'],
  object: Stored<Deployment | ReplicaSet | ReplicationController | StatefulSet | DaemonSet | Job>,
): FleetWorkload {
  const { spec, status, metadata }: WorkloadShape = object;
  const owner = controllerOf(object);
  const revision = metadata.annotations?.['deployment.kubernetes.io/revision'];
  const failure = status?.conditions?.find(
    ({ type, status: is }) =>
      (type === 'ReplicaFailure' && is === 'True') || (type === 'Progressing' && is === 'False'),
  );
  return {
    resource,
    ...base(object),
    desired: spec?.replicas ?? 1,
    replicas: status?.replicas ?? 0,
    ready: status?.readyReplicas ?? 0,
    images: imagesOf(spec?.template),
    ...(owner ? { owner } : {}),
    ...(revision ? { revision } : {}),
    behind: (status?.observedGeneration ?? 0) < (metadata.generation ?? 0),
    ...(failure?.message ? { failure: failure.message } : {}),
    ...requestsOf(spec?.template?.spec),
    labels: spec?.template?.metadata?.labels ?? {},
  };
}

export function imagesOf(template: PodTemplateSpec | undefined): string[] {
  return (template?.spec?.containers ?? []).map((container) => container.image ?? '');
}
