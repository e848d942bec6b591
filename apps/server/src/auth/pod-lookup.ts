import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import { isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { Logger } from '../component';
import type { PodLookup } from './node-authorizer';

const BY_NODE = 'node';

/**
 * Answers the node authorizer from an informer over all pods. Until its first list is in, questions go to the API:
 * right, only slower.
 */
export function createPodLookup(client: Client, log: Logger): PodLookup & { start(): void; stop(): void } {
  const informer: Informer<Pod> = createInformer(client, podKind, {
    indexes: { [BY_NODE]: (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []) },
    onError: (error) => log.warn({ err: error }, 'the node authorizer lost its watch on pods; it retries'),
  });
  return {
    start: () => informer.start(),
    stop: () => informer.stop(),
    async pod(namespace, name) {
      // The informer may lag behind a binding by a moment; a pod that it does not know on a node is asked for again.
      const known = informer.get(`${namespace}/${name}`);
      if (known?.spec?.nodeName) return known;
      return fetchPod(client, { namespace, name });
    },
    async podsOf(nodeName, options) {
      if (informer.hasSynced && !options?.current) return informer.byIndex(BY_NODE, nodeName);
      const { items } = await client.list(podKind, { fieldSelector: `spec.nodeName=${nodeName}` });
      // What a node may read hangs on this, so the answer is checked rather than trusted.
      return items.filter((pod) => pod.spec?.nodeName === nodeName);
    },
  };
}

async function fetchPod(
  client: Client,
  ref: { namespace: string; name: string },
): Promise<Stored<Pod> | undefined> {
  try {
    return await client.get(podKind, ref);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
