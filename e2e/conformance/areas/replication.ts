import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { httpReadiness, isReady, ownerOf, serve } from '../support/space';
import { conformance, conformances, type Stage } from '../support/suite';

const template = ({ pods }: Stage, app: string): PodTemplateSpec => ({
  metadata: { labels: { app } },
  spec: pods.idle('').spec,
});

const serving = ({ pods }: Stage, app: string): PodTemplateSpec => ({
  metadata: { labels: { app } },
  spec: pods.server('', { container: { readinessProbe: httpReadiness, command: ['sh', '-c', serve] } }).spec,
});

type Kind = 'replicationcontrollers' | 'replicasets';

/** A controller of either kind over the pods of `app`. */
function controller(kind: Kind, stage: Stage, replicas: number, pods = template(stage, 'x')) {
  const { space } = stage;
  const metadata = { name: 'x' };
  return kind === 'replicationcontrollers'
    ? space.create(kind, { metadata, spec: { replicas, selector: { app: 'x' }, template: pods } })
    : space.create(kind, {
        metadata,
        spec: { replicas, selector: { matchLabels: { app: 'x' } }, template: pods },
      });
}

/** ReplicationController and ReplicaSet. */
export function replication(): void {
  conformances<Kind>(
    {
      '[sig-apps] ReplicaSet should serve a basic image on each replica with a public image [Conformance]':
        'replicasets',
      '[sig-apps] ReplicationController should serve a basic image on each replica with a public image [Conformance]':
        'replicationcontrollers',
    },
    async (stage, kind) => {
      await controller(kind, stage, 2, serving(stage, 'x'));
      const pods = await stage.space.untilList(
        'pods',
        '',
        (items) => items.length === 2 && items.every(isReady),
      );
      for (const { metadata } of pods) {
        const path = stage.space.path('pods', `${metadata.name}:8080`, 'proxy/cgi-bin/hostname');
        expect((await stage.api.text(path)).trim()).toBe(metadata.name);
      }
    },
  );

  conformances<Kind>(
    {
      '[sig-apps] ReplicationController should adopt matching pods on creation [Conformance]':
        'replicationcontrollers',
      '[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching pods [Conformance]':
        'replicasets',
    },
    async (stage, kind) => {
      const { space, pods } = stage;
      const orphan = await space.create('pods', pods.idle('orphan', { labels: { app: 'x' } }));
      const { metadata } = await controller(kind, stage, 1);
      await space.until('pods', 'orphan', (pod) => ownerOf(pod) === metadata.uid);
      expect((await space.list('pods')).map((pod) => pod.metadata.uid)).toEqual([orphan.metadata.uid]);
      if (kind === 'replicationcontrollers') return;
      await space.patch('pods', 'orphan', { metadata: { labels: { app: 'freed' } } });
      await space.until('pods', 'orphan', (pod) => ownerOf(pod) === undefined);
      await space.untilList('pods', '?labelSelector=app%3Dx', (items) => items.length === 1);
    },
  );

  conformance(
    '[sig-apps] ReplicationController should release no longer matching pods [Conformance]',
    async (stage) => {
      const { space } = stage;
      const { metadata } = await controller('replicationcontrollers', stage, 1);
      const [pod] = await space.untilList('pods', '', (items) => items.length === 1);
      const name = pod?.metadata.name ?? '';
      await space.patch('pods', name, { metadata: { labels: { app: 'freed' } } });
      await space.until('pods', name, (freed) => ownerOf(freed) === undefined);
      const [replaced] = await space.untilList(
        'pods',
        '?labelSelector=app%3Dx',
        (items) => items.length === 1,
      );
      expect(replaced && ownerOf(replaced)).toBe(metadata.uid);
    },
  );

  conformance(
    '[sig-apps] ReplicationController should surface a failure condition on a common issue like exceeded quota [Conformance]',
    async (stage) => {
      const { space } = stage;
      await space.create('resourcequotas', { metadata: { name: 'few' }, spec: { hard: { pods: '2' } } });
      await space.until('resourcequotas', 'few', ({ status }) => status?.hard?.pods === '2');
      await controller('replicationcontrollers', stage, 3);
      const failure = ({ status }: { status?: { conditions?: { type: string; reason?: string }[] } }) =>
        status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
      const refused = await space.until('replicationcontrollers', 'x', failure);
      expect(failure(refused)).toMatchObject({ status: 'True', reason: 'FailedCreate' });
      await space.scale('replicationcontrollers', 'x', 2);
      await space.until('replicationcontrollers', 'x', (object) => !failure(object));
    },
  );

  conformance(
    '[sig-apps] ReplicationController should test the lifecycle of a ReplicationController [Conformance]',
    async (stage) => {
      const { space } = stage;
      const name = 'x';
      const { metadata } = await controller('replicationcontrollers', stage, 1);
      await space.until('replicationcontrollers', name, ({ status }) => status?.readyReplicas === 1);
      await space.patch('replicationcontrollers', name, { metadata: { labels: { changed: 'yes' } } });
      const status = await space.patch(
        'replicationcontrollers',
        name,
        { status: { readyReplicas: 0, availableReplicas: 0 } },
        { sub: 'status' },
      );
      expect(status.metadata.labels).toEqual({ app: 'x', changed: 'yes' });
      // The controller tells the truth again.
      await space.until('replicationcontrollers', name, (object) => object.status?.readyReplicas === 1);
      expect((await space.scale('replicationcontrollers', name, 2)).spec.replicas).toBe(2);
      await space.until('replicationcontrollers', name, (object) => object.status?.readyReplicas === 2);
      const everywhere = await stage.wide.list('replicationcontrollers', '?labelSelector=changed%3Dyes');
      expect(everywhere.map((object) => object.metadata.uid)).toContain(metadata.uid);
      await space.removeAll('replicationcontrollers', '?labelSelector=changed%3Dyes');
      await space.untilGone('replicationcontrollers', name);
    },
  );
}
