import type { Client } from '@wheelhouse/shared/client/client';
import { isNotFound, notFound } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import type { NodeConnections } from './node-connections';

/**
 * Throws where a pod is assigned to a node that there is not, in Kubernetes' words: it looks for the node in the name
 * of the request, which is one for pods.
 */
export async function requireNode(client: Client, nodes: NodeConnections, nodeName: string): Promise<void> {
  if (nodes.isConnected(nodeName)) return;
  try {
    await client.get(nodeKind, { name: nodeName });
  } catch (error) {
    throw isNotFound(error) ? notFound({ kind: 'pods', name: nodeName }) : error;
  }
}
