import type { Client } from '@wheelhouse/shared/client/client';
import { isAlreadyExists, isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { endpointsKind } from '@wheelhouse/shared/kinds/core/endpoints';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import {
  priorityClassKind,
  SYSTEM_PRIORITY_CLASSES,
} from '@wheelhouse/shared/kinds/scheduling/priority-class';
import type { KindDefinition, ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { nthAddress } from '../cluster/addresses';

const NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Creates the objects that every cluster has, where they are missing. */
export async function bootstrapObjects(
  client: Client,
  kinds: readonly KindDefinition[],
  serviceCidr: string,
) {
  const served = (kind: ResourceType) =>
    kinds.some(({ group, plural }) => group === kind.group && plural === kind.plural);
  if (!served(namespaceKind)) return;
  for (const name of NAMESPACES) await ensure(client, namespaceKind, { metadata: { name } });
  if (served(priorityClassKind)) {
    for (const one of SYSTEM_PRIORITY_CLASSES) await ensure(client, priorityClassKind, structuredClone(one));
  }
  if (!served(serviceKind)) return;
  await ensure(client, serviceKind, {
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: nthAddress(serviceCidr, 1),
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
      sessionAffinity: 'None',
    },
  });
}

/** Points the service `kubernetes` at an API server's address. */
export async function publishApiAddress(
  client: Client,
  kinds: readonly KindDefinition[],
  address: { readonly ip: string; readonly port: number },
): Promise<void> {
  const served = (kind: ResourceType) =>
    kinds.some(({ group, plural }) => group === kind.group && plural === kind.plural);
  const { ip, port } = address;
  if (served(endpointsKind)) {
    await put(client, endpointsKind, {
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      },
      subsets: [{ addresses: [{ ip }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
    });
  }
  if (served(endpointSliceKind)) {
    await put(client, endpointSliceKind, {
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [ip], conditions: { ready: true } }],
      ports: [{ name: 'https', port, protocol: 'TCP' }],
    });
  }
}

/** Creates an object where it is missing. */
export async function ensure<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  object: T,
): Promise<void> {
  const { name = '', namespace } = object.metadata ?? {};
  try {
    // Asked first: creating a service that exists is refused for its taken address, not as existing.
    await client.get(type, { name, namespace });
    return;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  try {
    await client.create(type, object);
  } catch (error) {
    // Another server was faster.
    if (!isAlreadyExists(error)) throw error;
  }
}

async function put<T extends KubeObject>(client: Client, type: ResourceType<T>, object: T): Promise<void> {
  try {
    await client.update(type, object);
  } catch (error) {
    if (isConflict(error)) return put(client, type, object);
    if (!isNotFound(error)) throw error;
    await ensure(client, type, object);
  }
}
