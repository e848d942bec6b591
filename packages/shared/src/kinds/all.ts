import type { KindDefinition } from '../meta/kind';
import { deploymentKind } from './apps/deployment';
import { replicaSetKind } from './apps/replica-set';
import { leaseKind } from './coordination/lease';
import { configMapKind } from './core/config-map';
import { endpointsKind } from './core/endpoints';
import { eventKind } from './core/event';
import { namespaceKind } from './core/namespace';
import { nodeKind } from './core/node';
import { podKind } from './core/pod';
import { replicationControllerKind } from './core/replication-controller';
import { secretKind } from './core/secret';
import { serviceKind } from './core/service';
import { serviceAccountKind } from './core/service-account';
import { endpointSliceKind } from './discovery/endpoint-slice';
import { eventsEventKind } from './events/event';

/** Every kind that is served. A new one is a file of its own and a line here. */
export const allKinds: readonly KindDefinition[] = [
  namespaceKind,
  nodeKind,
  podKind,
  serviceKind,
  endpointsKind,
  replicationControllerKind,
  configMapKind,
  secretKind,
  serviceAccountKind,
  eventKind,
  eventsEventKind,
  replicaSetKind,
  deploymentKind,
  endpointSliceKind,
  leaseKind,
];
