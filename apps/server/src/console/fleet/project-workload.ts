import type { FleetWorkload } from '@wheelhouse/shared/console/protocol';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1';
import type { PodTemplateSpec, ReplicationController } from 'kubernetes-types/core/v1';
import { base, controllerOf } from './project-base';
import { requestsOf } from './project-pod';

type AnyWorkload = Stored<Deployment> | Stored<ReplicaSet> | Stored<ReplicationController>;

export const projectDeployment = (deployment: Stored<Deployment>): FleetWorkload => ({
  ...project('deployments', deployment),
  updated: deployment.status?.updatedReplicas ?? 0,
  ...(deployment.spec?.paused ? { paused: true } : {}),
});

export const projectReplicaSet = (set: Stored<ReplicaSet>): FleetWorkload => project('replicasets', set);

export const projectReplicationController = (controller: Stored<ReplicationController>): FleetWorkload =>
  project('replicationcontrollers', controller);

function project(resource: FleetWorkload['resource'], object: AnyWorkload): FleetWorkload {
  const { spec, status, metadata } = object;
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
  };
}

function imagesOf(template: PodTemplateSpec | undefined): string[] {
  return (template?.spec?.containers ?? []).map((container) => container.image ?? '');
}
