import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { keyOf, type ObjectKey } from '@wheelhouse/shared/meta/object';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { NodeRanges } from './ranges';

const COMPONENT = 'cidrAllocator';

/**
 * Gives each node a range for its pods. What is taken is read from the nodes themselves, so a restart forgets
 * nothing; one worker decides, on a cache that shows its own last writes and with what it has promised in mind, so no
 * range is given twice.
 */
export const nodeIpamController: ControllerDefinition = {
  name: 'nodeipam',
  setup(context) {
    const { client, settings } = context;
    if (!settings.clusterCidr) return [];
    const ranges = new NodeRanges(settings.clusterCidr, settings.nodeCidrMaskSize ?? 24);
    const queue = context.queue();
    const nodes = context.cache(nodeKind);
    const events = context.recorder(COMPONENT);
    /**
     * By node: the range of a write that has not been answered, or not with success. It may have been carried out
     * all the same, so nobody else gets the range before the node is seen again.
     */
    const promised = new Map<ObjectKey, { readonly uid: string; readonly podCIDR: string }>();
    context.informer(nodeKind).subscribe({
      added(node) {
        if (!node.spec?.podCIDR) queue.add(keyOf(node));
      },
      updated(node) {
        if (!node.spec?.podCIDR) queue.add(keyOf(node));
      },
      // A range has become free: those that wait for one need not sit out their back-off.
      deleted(gone) {
        promised.delete(keyOf(gone));
        for (const node of nodes.list()) if (!node.spec?.podCIDR) queue.add(keyOf(node));
      },
    });

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const node = nodes.get(key);
      if (!node || node.spec?.podCIDR || node.metadata.deletionTimestamp) {
        promised.delete(key);
        return;
      }
      const { uid, name } = node.metadata;
      const before = promised.get(key);
      promised.delete(key);
      const inUse = [
        ...nodes.list().flatMap(({ spec }) => [spec?.podCIDR ?? [], spec?.podCIDRs ?? []].flat()),
        ...[...promised.values()].map((promise) => promise.podCIDR),
      ];
      const again = before?.uid === uid && !inUse.includes(before.podCIDR) ? before.podCIDR : undefined;
      const podCIDR = again ?? ranges.firstFree(inUse);
      if (!podCIDR) {
        events.record(node, 'Warning', 'CIDRNotAvailable', `No range is free in ${settings.clusterCidr}`);
        throw new Error(`no pod range is free in ${settings.clusterCidr}`);
      }
      promised.set(key, { uid, podCIDR });
      const body = { metadata: { uid }, spec: { podCIDR, podCIDRs: [podCIDR] } };
      await client.patch(nodeKind, { name }, { type: 'merge', body });
      promised.delete(key);
    }

    return { name: 'nodes', queue, reconcile, workers: 1 };
  },
};
