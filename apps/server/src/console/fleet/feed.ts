import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import { type FleetObject, type FleetResource, fleetKey } from '@wheelhouse/shared/console/protocol';
import { daemonSetKind } from '@wheelhouse/shared/kinds/apps/daemon-set';
import { deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { replicaSetKind } from '@wheelhouse/shared/kinds/apps/replica-set';
import { statefulSetKind } from '@wheelhouse/shared/kinds/apps/stateful-set';
import { horizontalPodAutoscalerKind } from '@wheelhouse/shared/kinds/autoscaling/horizontal-pod-autoscaler';
import { cronJobKind } from '@wheelhouse/shared/kinds/batch/cron-job';
import { jobKind } from '@wheelhouse/shared/kinds/batch/job';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { eventKind } from '@wheelhouse/shared/kinds/core/event';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { persistentVolumeClaimKind } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { replicationControllerKind } from '@wheelhouse/shared/kinds/core/replication-controller';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import { podDisruptionBudgetKind } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Fleet } from './fleet';
import { projectCronJob } from './project-cron-job';
import { projectAutoscaler, projectBudget, projectClaim } from './project-guards';
import { projectNode } from './project-node';
import { projectPod } from './project-pod';
import {
  projectConfigMap,
  projectEndpointSlice,
  projectEvent,
  projectNamespace,
  projectSecret,
  projectService,
} from './project-rest';
import {
  projectDaemonSet,
  projectDeployment,
  projectJob,
  projectReplicaSet,
  projectReplicationController,
  projectStatefulSet,
} from './project-workload';
import { RecentEvents } from './recent-events';

export interface FleetFeed {
  /** Resolves when everything has been listed once. */
  synced(): Promise<void>;
  stop(): void;
}

export interface FleetFeedOptions {
  readonly client: Client;
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** Called after each change of the fleet, many times in a row when much changes. */
  readonly changed: () => void;
  /** A list or watch failed; it is tried again without help. */
  readonly onError: (resource: FleetResource, error: unknown) => void;
  /** A list or watch that failed came through again. */
  readonly onEvent: (resource: FleetResource) => void;
}

/** Keeps the fleet true: one informer a resource, each object projected as it changes. */
export function feedFleet(options: FleetFeedOptions): FleetFeed {
  const { fleet, changed, clock } = options;
  const events = new RecentEvents(fleet);
  const informers: Informer<KubeObject>[] = [];

  const follow = <T extends KubeObject>(
    type: ResourceType<T>,
    resource: FleetResource,
    project: (object: Stored<T>) => FleetObject,
    sink: { put(object: FleetObject): boolean; drop(key: string): boolean } = fleet,
  ) => {
    const informer = createInformer(options.client, type, {
      onError: (error) => options.onError(resource, error),
    });
    const put = (object: Stored<T>) => {
      fleet.sawRevision(object.metadata.resourceVersion);
      options.onEvent(resource);
      sink.put(project(object));
      changed();
    };
    informer.subscribe({
      added: put,
      updated: put,
      deleted: (object) => {
        fleet.sawRevision(object.metadata.resourceVersion);
        options.onEvent(resource);
        sink.drop(fleetKey(project(object)));
        changed();
      },
    });
    informer.start();
    // Handlers are bound above; from here on only start, stop and synced are called, which no type depends on.
    informers.push(informer as unknown as Informer<KubeObject>);
  };

  follow(namespaceKind, 'namespaces', projectNamespace);
  follow(nodeKind, 'nodes', projectNode);
  follow(deploymentKind, 'deployments', projectDeployment);
  follow(replicaSetKind, 'replicasets', projectReplicaSet);
  follow(replicationControllerKind, 'replicationcontrollers', projectReplicationController);
  follow(statefulSetKind, 'statefulsets', projectStatefulSet);
  follow(daemonSetKind, 'daemonsets', projectDaemonSet);
  follow(jobKind, 'jobs', projectJob);
  follow(cronJobKind, 'cronjobs', (job) => projectCronJob(job, clock.now().getTime()));
  follow(horizontalPodAutoscalerKind, 'horizontalpodautoscalers', projectAutoscaler);
  follow(podDisruptionBudgetKind, 'poddisruptionbudgets', projectBudget);
  follow(persistentVolumeClaimKind, 'persistentvolumeclaims', projectClaim);
  follow(podKind, 'pods', projectPod);
  follow(serviceKind, 'services', projectService);
  follow(endpointSliceKind, 'endpointslices', projectEndpointSlice);
  follow(configMapKind, 'configmaps', projectConfigMap);
  follow(secretKind, 'secrets', projectSecret);
  follow(eventKind, 'events', projectEvent, events);

  return {
    synced: async () => {
      await Promise.all(informers.map((informer) => informer.synced()));
    },
    stop: () => {
      for (const informer of informers) informer.stop();
    },
  };
}
