import {
  csrApprovingController,
  csrCleanerController,
  csrSigningController,
} from './certificates/controller';
import { clusterRoleAggregationController } from './clusterrole-aggregation/controller';
import { cronJobController } from './cronjob/controller';
import { daemonSetController } from './daemonset/controller';
import { deploymentController } from './deployment/controller';
import { disruptionController } from './disruption/controller';
import { endpointsController } from './endpoints/controller';
import { endpointSliceController } from './endpointslice/controller';
import { endpointSliceMirroringController } from './endpointslicemirroring/controller';
import { ephemeralVolumeController } from './ephemeral-volume/controller';
import { garbageCollectorController } from './garbagecollector/controller';
import { horizontalPodAutoscalingController } from './horizontalpodautoscaling/controller';
import { hostPathProvisioner } from './host-path-provisioner/controller';
import { hostPathClassController } from './host-path-provisioner/default-class';
import { jobController } from './job/controller';
import type { ControllerDefinition } from './machinery/controller';
import { namespaceController } from './namespace/controller';
import { nodeIpamController } from './nodeipam/controller';
import { nodeLifecycleController } from './nodelifecycle/controller';
import { persistentVolumeBinder } from './persistentvolume-binder/controller';
import { persistentVolumeExpander } from './persistentvolume-expander/controller';
import { podGcController } from './podgc/controller';
import { pvProtectionController } from './pv-protection/controller';
import { pvcProtectionController } from './pvc-protection/controller';
import { replicaSetController } from './replicaset/controller';
import { replicationControllerController } from './replicationcontroller/controller';
import { resourceQuotaController } from './resourcequota/controller';
import { rootCaController } from './rootca/controller';
import { serviceAccountController } from './serviceaccount/controller';
import { serviceAccountTokenController } from './serviceaccount-token/controller';
import { statefulSetController } from './statefulset/controller';
import { ttlAfterFinishedController } from './ttlafterfinished/controller';

/** Every controller of this program, by the name that `--controllers` knows. */
export const builtInControllers: readonly ControllerDefinition[] = [
  replicationControllerController,
  replicaSetController,
  deploymentController,
  statefulSetController,
  daemonSetController,
  endpointsController,
  endpointSliceController,
  endpointSliceMirroringController,
  nodeIpamController,
  nodeLifecycleController,
  namespaceController,
  resourceQuotaController,
  garbageCollectorController,
  podGcController,
  serviceAccountController,
  rootCaController,
  serviceAccountTokenController,
  clusterRoleAggregationController,
  csrApprovingController,
  csrSigningController,
  csrCleanerController,
  persistentVolumeBinder,
  hostPathClassController,
  hostPathProvisioner,
  persistentVolumeExpander,
  pvcProtectionController,
  pvProtectionController,
  ephemeralVolumeController,
  jobController,
  cronJobController,
  ttlAfterFinishedController,
  disruptionController,
  horizontalPodAutoscalingController,
];
