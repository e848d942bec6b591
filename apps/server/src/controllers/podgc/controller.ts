import { isNotFound } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ControllerDefinition, Outcome, Reconciler } from '../machinery/controller';
import { markDisrupted } from '../machinery/disruption-target';
import { isFinished } from '../machinery/pods';
import { isOutOfService, judgePod, surplusFinished } from './plan';

const NODE_GONE = { reason: 'DeletionByPodGC', message: 'PodGC: node no longer exists' } as const;

const DEFAULT_THRESHOLD = 12_500;
/** A node that registers again under its name keeps its pods. */
const NODE_GONE_MS = 5_000;
const SURPLUS_EVERY_MS = 20_000;

/** Removes pods that nobody else will: those of deleted nodes, and finished ones beyond a number. */
export const podGcController: ControllerDefinition = {
  name: 'podgc',
  setup(context) {
    const { client, clock, log } = context;
    const nodes = context.cache(nodeKind);
    const pods = context.cache(podKind);

    async function remove(pod: Stored<Pod>, why: string): Promise<void> {
      const { uid } = pod.metadata;
      log.info({ pod: keyOf(pod), why }, 'removing a pod for good');
      try {
        await client.delete(podKind, pod.metadata, { gracePeriodSeconds: 0, preconditions: { uid } });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }

    function orphans(): Reconciler {
      const queue = context.queue();
      const judge = (pod: Stored<Pod>) => judgePod(pod, (name) => nodes.get(name));
      const needsLook = (pod: Stored<Pod>) => {
        if (judge(pod).remove !== 'no') queue.addAfter(keyOf(pod), NODE_GONE_MS);
      };
      context.informer(podKind).subscribe({ added: needsLook, updated: needsLook });
      context.informer(nodeKind).subscribe({
        updated(node, previous) {
          if (isOutOfService(node) && !isOutOfService(previous))
            pods.byIndex('node', node.metadata.name).forEach(needsLook);
        },
        deleted: ({ metadata }) => pods.byIndex('node', metadata.name).forEach(needsLook),
      });
      async function reconcile(key: ObjectKey): Promise<Outcome> {
        const pod = pods.get(key);
        if (!pod) return;
        const verdict = judge(pod);
        if (verdict.remove === 'now') await remove(pod, verdict.because);
        if (verdict.remove === 'if-node-is-gone' && !(await exists(verdict.node))) {
          if (
            await markDisrupted(client, pod, {
              disruption: { ...NODE_GONE, failed: !isFinished(pod) },
              now: clock.now(),
            })
          )
            await remove(pod, `its node ${verdict.node} is gone`);
        }
      }
      return { name: 'pods without a node', queue, reconcile };
    }

    async function exists(node: string): Promise<boolean> {
      try {
        await client.get(nodeKind, { name: node });
        return true;
      } catch (error) {
        if (isNotFound(error)) return false;
        throw error;
      }
    }

    function surplus(): Reconciler {
      const queue = context.queue();
      const threshold = context.settings.terminatedPodThreshold ?? DEFAULT_THRESHOLD;
      // One look a while after a pod has finished serves for all that finish meanwhile.
      const noteFinished = (pod: Stored<Pod>) => isFinished(pod) && queue.addAfter('all', SURPLUS_EVERY_MS);
      context.informer(podKind).subscribe({
        added: noteFinished,
        updated: (pod, previous) => !isFinished(previous) && noteFinished(pod),
      });
      async function reconcile(): Promise<Outcome> {
        for (const pod of surplusFinished(pods.list(), threshold)) {
          await remove(pod, `more than ${threshold} pods have finished`);
        }
      }
      return { name: 'finished pods', queue, reconcile, workers: 1 };
    }

    return [orphans(), surplus()];
  },
};
