import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { keyOf, type ObjectKey } from '@wheelhouse/shared/meta/object';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { NodeRanges } from './ranges';

const COMPONENT = 'cidrAllocator';

/**
 * Gives each node a range for its pods. What is taken is read from the nodes themselves, so a restart forgets
 * nothing; one worker decides, on a cache that shows its own last writes, so no range is given twice.
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
    context.informer(nodeKind).subscribe({
      added(node) {
        if (!node.spec?.podCIDR) queue.add(keyOf(node));
      },
      updated(node) {
        if (!node.spec?.podCIDR) queue.add(keyOf(node));
      },
      // A range has become free: those that wait for one need not sit out their back-off.
      deleted() {
        for (const node of nodes.list()) if (!node.spec?.podCIDR) queue.add(keyOf(node));
      },
    });

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const node = nodes.get(key);
      if (!node || node.spec?.podCIDR || node.metadata.deletionTimestamp) return;
      const inUse = nodes.list().flatMap(({ spec }) => [spec?.podCIDR ?? [], spec?.podCIDRs ?? []].flat());
      const podCIDR = ranges.firstFree(inUse);
      if (!podCIDR) {
        events.record(node, 'Warning', 'CIDRNotAvailable', `No range is free in ${settings.clusterCidr}`);
        throw new Error(`no pod range is free in ${settings.clusterCidr}`);
      }
      const body = { metadata: { uid: node.metadata.uid }, spec: { podCIDR, podCIDRs: [podCIDR] } };
      await client.patch(nodeKind, { name: node.metadata.name }, { type: 'merge', body });
    }

    return { name: 'nodes', queue, reconcile, workers: 1 };
  },
};
