import type { DaemonSet } from 'kubernetes-types/apps/v1';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { isReady } from '../support/space';
import { conformance, type Stage } from '../support/suite';

const SELECTED = '?labelSelector=app%3Dd';
const BROKEN = 'wheelhouse.invalid/none:1';

function daemonSet({ pods }: Stage, nodeSelector?: Record<string, string>): DaemonSet {
  const { spec } = pods.idle('');
  return {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { app: 'd' } },
      updateStrategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels: { app: 'd' } },
        spec: { ...spec, containers: spec?.containers ?? [], ...(nodeSelector ? { nodeSelector } : {}) },
      },
    },
  };
}

/** The nodes on which a pod without tolerations may run. */
const nodesOf = async ({ wide }: Stage): Promise<string[]> =>
  (await wide.list('nodes'))
    .filter(({ spec }: Node) => !spec?.unschedulable && !spec?.taints?.length)
    .map(({ metadata }) => metadata.name)
    .sort();

const places = (pods: readonly Pod[]) => pods.map(({ spec }) => spec?.nodeName).sort();

/** One ready pod on every node, and no other. */
async function onEveryNode(stage: Stage, wanted: (pod: Pod) => boolean = () => true) {
  const nodes = await nodesOf(stage);
  return stage.space.untilList(
    'pods',
    SELECTED,
    (items) =>
      JSON.stringify(places(items)) === JSON.stringify(nodes) &&
      items.every((pod) => isReady(pod) && wanted(pod)),
    90,
  );
}

const imageOf = ({ spec }: Pod) => spec?.containers[0]?.image;
const setImage = (stage: Stage, image: string) =>
  stage.space.patch(
    'daemonsets',
    'd',
    { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } },
    { type: 'strategic' },
  );

/** DaemonSet. */
export function daemonSets(): void {
  conformance(
    '[sig-apps] Daemon set [Serial] should run and stop simple daemon [Conformance]',
    async (stage) => {
      const { space } = stage;
      await space.create('daemonsets', daemonSet(stage));
      const [victim, ...others] = await onEveryNode(stage);
      await space.remove('pods', victim?.metadata.name ?? '');
      const again = await onEveryNode(stage, ({ metadata }) => metadata?.uid !== victim?.metadata.uid);
      expect(again.map(({ metadata }) => metadata.uid)).toEqual(
        expect.arrayContaining(others.map(({ metadata }) => metadata.uid)),
      );
      await space.remove('daemonsets', 'd');
      await space.untilList('pods', SELECTED, (items) => items.length === 0);
    },
  );

  conformance(
    '[sig-apps] Daemon set [Serial] should run and stop complex daemon [Conformance]',
    async (stage) => {
      const { space, wide, unique } = stage;
      const [node = ''] = await nodesOf(stage);
      const colour = (value: string | null) =>
        wide.patch('nodes', node, { metadata: { labels: { [unique]: value } } });
      stage.cleanUp(() => colour(null));
      await space.create('daemonsets', daemonSet(stage, { [unique]: 'blue' }));
      await space.until('daemonsets', 'd', ({ status }) => status?.observedGeneration === 1);
      expect(await space.list('pods')).toEqual([]);
      await colour('blue');
      const ready = (items: Pod[]) => items.length === 1 && items.every(isReady);
      const [pod] = await space.untilList('pods', SELECTED, ready);
      expect(pod?.spec?.nodeName).toBe(node);
      await colour('green');
      await space.untilList('pods', SELECTED, (items) => items.length === 0);
      await space.patch('daemonsets', 'd', {
        spec: { template: { spec: { nodeSelector: { [unique]: 'green' } } } },
      });
      const [moved] = await space.untilList('pods', SELECTED, ready);
      expect(moved?.spec?.nodeName).toBe(node);
    },
  );

  conformance(
    '[sig-apps] Daemon set [Serial] should retry creating failed daemon pods [Conformance]',
    async (stage) => {
      const { space } = stage;
      await space.create('daemonsets', daemonSet(stage));
      const [victim] = await onEveryNode(stage);
      await space.patch(
        'pods',
        victim?.metadata.name ?? '',
        { status: { phase: 'Failed', reason: 'Tried' } },
        { sub: 'status' },
      );
      await onEveryNode(stage, ({ metadata }) => metadata?.uid !== victim?.metadata.uid);
    },
  );

  conformance(
    '[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is RollingUpdate [Conformance]',
    async (stage) => {
      const { space, cluster } = stage;
      await space.create('daemonsets', daemonSet(stage));
      const before = await onEveryNode(stage);
      await space.patch('daemonsets', 'd', {
        spec: { template: { metadata: { annotations: { version: '2' } } } },
      });
      const after = await onEveryNode(stage, ({ metadata }) => metadata?.annotations?.version === '2');
      const old = new Set(before.map(({ metadata }) => metadata.uid));
      expect(after.some(({ metadata }) => old.has(metadata.uid))).toBe(false);
      expect(new Set(after.map(imageOf))).toEqual(new Set([cluster.images.busybox]));
      const revisions = await space.list('controllerrevisions', SELECTED);
      expect(revisions.map(({ revision }) => revision).sort()).toEqual([1, 2]);
    },
  );

  conformance(
    '[sig-apps] Daemon set [Serial] should rollback without unnecessary restarts [Conformance]',
    async (stage) => {
      const { space, cluster } = stage;
      await space.create('daemonsets', daemonSet(stage));
      const before = await onEveryNode(stage);
      await setImage(stage, BROKEN);
      // One node's pod is exchanged; the others wait for it in vain.
      const during = await space.untilList('pods', SELECTED, (items) =>
        items.some((pod) => imageOf(pod) === BROKEN),
      );
      const kept = during.filter((pod) => imageOf(pod) !== BROKEN && !pod.metadata.deletionTimestamp);
      expect(kept).toHaveLength(before.length - 1);
      await setImage(stage, cluster.images.busybox);
      const after = await onEveryNode(stage, (pod) => imageOf(pod) === cluster.images.busybox);
      const identities = after.map(
        ({ metadata, status }) => `${metadata.uid} ${status?.containerStatuses?.[0]?.restartCount}`,
      );
      expect(identities).toEqual(expect.arrayContaining(kept.map(({ metadata }) => `${metadata.uid} 0`)));
    },
  );
}
