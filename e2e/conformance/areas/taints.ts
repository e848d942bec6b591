import type { Pod, Taint } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { conformance, type Stage } from '../support/suite';

const NAME = '[k8s.io] [sig-node] NoExecuteTaintManager';

/** Taints the node of `pod` until the answer is called, at the latest until the test is over. */
async function taint({ wide, cleanUp }: Stage, pod: Pod, key: string): Promise<() => Promise<unknown>> {
  const own: Taint = { key, value: 'evict', effect: 'NoExecute' };
  const change = (add: Taint[]) =>
    wide.change('nodes', pod.spec?.nodeName ?? '', (node) => {
      const others = (node.spec?.taints ?? []).filter((other) => other.key !== key);
      node.spec = { ...node.spec, taints: [...others, ...add] };
    });
  await change([own]);
  const remove = () => change([]);
  cleanUp(remove);
  return remove;
}

/** A pod that bears taints by their keys: for some seconds, or for good. */
const bearing = (
  { pods }: Stage,
  name: string,
  options: { tolerates: Record<string, number | undefined>; beside?: Pod },
): Pod =>
  pods.idle(name, {
    spec: {
      tolerations: Object.entries(options.tolerates).map(([key, tolerationSeconds]) => ({
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
      })),
      ...(options.beside ? { nodeName: options.beside.spec?.nodeName ?? '' } : {}),
    },
  });

const isLeaving = ({ metadata }: Pod) => metadata?.deletionTimestamp !== undefined;

/** Eviction by taints; disturbs the pods of a whole node. */
export function taints(): void {
  conformance(
    `${NAME} Single Pod [Serial] removing taint cancels eviction [Disruptive] [Conformance]`,
    async (stage) => {
      const { space, unique } = stage;
      const [first, second] = [`${unique}-first`, `${unique}-second`];
      const staying = await space.start(
        bearing(stage, 'staying', { tolerates: { [first]: 4, [second]: undefined } }),
      );
      await space.start(
        bearing(stage, 'leaving', { tolerates: { [first]: 4, [second]: 4 }, beside: staying }),
      );
      const remove = await taint(stage, staying, first);
      await remove();
      // The second taint came later and is as patient: when its eviction has come, the first's is over.
      await taint(stage, staying, second);
      await space.untilGone('pods', 'leaving');
      expect(isLeaving(await space.get('pods', 'staying'))).toBe(false);
    },
  );

  conformance(
    `${NAME} Multiple Pods [Serial] evicts pods with minTolerationSeconds [Disruptive] [Conformance]`,
    async (stage) => {
      const { space, unique } = stage;
      const first = await space.start(bearing(stage, 'first', { tolerates: { [unique]: 1 } }));
      await space.start(bearing(stage, 'second', { tolerates: { [unique]: 5 }, beside: first }));
      await taint(stage, first, unique);
      await space.untilGone('pods', 'first');
      await space.untilGone('pods', 'second');
    },
  );
}
