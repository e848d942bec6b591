import { deploymentController } from './deployment/controller';
import { endpointsController } from './endpoints/controller';
import { endpointSliceController } from './endpointslice/controller';
import type { ControllerDefinition } from './machinery/controller';
import { nodeIpamController } from './nodeipam/controller';
import { replicaSetController } from './replicaset/controller';
import { replicationControllerController } from './replicationcontroller/controller';
import { rootCaController } from './rootca/controller';
import { serviceAccountController } from './serviceaccount/controller';

/** Every controller of this program, by the name that `--controllers` knows. */
export const builtInControllers: readonly ControllerDefinition[] = [
  replicationControllerController,
  replicaSetController,
  deploymentController,
  endpointsController,
  endpointSliceController,
  nodeIpamController,
  serviceAccountController,
  rootCaController,
];
