import type { Deployment, DeploymentStrategy } from 'kubernetes-types/apps/v1';
import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, type Stage } from '../support/suite';

const REVISION = 'deployment.kubernetes.io/revision';

function deployment(
  { pods }: Stage,
  options: { replicas: number; strategy?: DeploymentStrategy; minReadySeconds?: number; history?: number },
): Deployment {
  const { replicas, strategy, minReadySeconds, history } = options;
  return {
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: pods.idle('').spec },
      ...(strategy ? { strategy } : {}),
      ...(minReadySeconds ? { minReadySeconds } : {}),
      ...(history === undefined ? {} : { revisionHistoryLimit: history }),
    },
  };
}

/** A change of the template that starts a new revision. */
const release = (version: string) => ({
  spec: { template: { metadata: { annotations: { version } } } },
});

const complete = ({ metadata, spec, status }: Deployment) =>
  status?.observedGeneration === metadata?.generation &&
  status?.updatedReplicas === spec?.replicas &&
  status?.replicas === spec?.replicas &&
  status?.availableReplicas === spec?.replicas;

const sets = (stage: Stage) => stage.space.list('replicasets', '?labelSelector=app%3Dweb');

/** Deployment. */
export function deployments(): void {
  conformance(
    '[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones [Conformance]',
    async (stage) => {
      const { space } = stage;
      await space.create('deployments', deployment(stage, { replicas: 1, strategy: { type: 'Recreate' } }));
      await space.until('deployments', 'web', complete);
      const [old] = await space.list('pods');
      const since = old?.metadata.resourceVersion;
      await space.patch('deployments', 'web', release('2'));
      await space.until('deployments', 'web', complete);
      // No new pod may come before the old one has ended.
      let ended = false;
      for await (const { type, object } of stage.api.watch<NonNullable<typeof old>>(
        `${space.path('pods')}?resourceVersion=${since}`,
      )) {
        if (object.metadata.uid === old?.metadata.uid) {
          ended ||= type === 'DELETED' || ['Succeeded', 'Failed'].includes(object.status?.phase ?? '');
        } else {
          expect(ended).toBe(true);
          break;
        }
      }
    },
  );

  conformance(
    '[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones [Conformance]',
    async (stage) => {
      const { space, pods } = stage;
      // Pods of a replica set from before the deployment are taken over and replaced.
      const template = { metadata: { labels: { app: 'web', old: 'yes' } }, spec: pods.idle('').spec };
      const old = await space.create('replicasets', {
        metadata: { name: 'old', labels: { app: 'web' }, annotations: { [REVISION]: '3546342' } },
        spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template },
      });
      await space.until('replicasets', 'old', ({ status }) => status?.readyReplicas === 1);
      const created = await space.create('deployments', deployment(stage, { replicas: 1 }));
      const done = await space.until('deployments', 'web', complete);
      expect(done.metadata.annotations?.[REVISION]).toBe('3546343');
      const adopted = await space.until('replicasets', 'old', ({ status }) => status?.replicas === 0);
      expect(adopted.metadata.ownerReferences?.[0]?.uid).toBe(created.metadata.uid);
      expect(adopted.metadata.uid).toBe(old.metadata.uid);
      const left = await space.untilList('pods', '', (items) => items.length === 1);
      expect(left[0]?.metadata.labels?.old).toBeUndefined();
    },
  );

  conformance(
    '[sig-apps] Deployment deployment should delete old replica sets [Conformance]',
    async (stage) => {
      const { space } = stage;
      await space.create('deployments', deployment(stage, { replicas: 1, history: 0 }));
      await space.until('deployments', 'web', complete);
      const [first] = await sets(stage);
      await space.patch('deployments', 'web', release('2'));
      await space.until('deployments', 'web', complete);
      const [left] = await space.untilList('replicasets', '', (items) => items.length === 1);
      expect(left?.metadata.uid).not.toBe(first?.metadata.uid);
    },
  );

  conformance('[sig-apps] Deployment deployment should support rollover [Conformance]', async (stage) => {
    const { space } = stage;
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
    await space.create('deployments', deployment(stage, { replicas: 1, strategy }));
    await space.until('deployments', 'web', complete);
    await space.patch('deployments', 'web', {
      spec: { template: { spec: { containers: [{ name: 'main', image: 'wheelhouse.invalid/none:1' }] } } },
    });
    await space.untilList('replicasets', '', (items) => items.length === 2);
    // Rolled over before the broken revision got anywhere.
    await space.patch(
      'deployments',
      'web',
      {
        spec: { template: { spec: { containers: [stage.pods.container('exec sleep 1000000')] } } },
        ...{ metadata: { annotations: { note: 'third' } } },
      },
      { type: 'strategic' },
    );
    await space.patch('deployments', 'web', release('3'));
    await space.until('deployments', 'web', complete);
    const replicas = (await sets(stage)).map(({ spec }) => spec?.replicas ?? 0).sort();
    expect(replicas).toEqual([0, 0, 1]);
  });

  conformance(
    '[sig-apps] Deployment deployment should support proportional scaling [Conformance]',
    async (stage) => {
      const { space } = stage;
      const strategy = { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 2 } };
      await space.create('deployments', deployment(stage, { replicas: 4, strategy }));
      await space.until('deployments', 'web', complete);
      const [first] = await sets(stage);
      await space.patch('deployments', 'web', release('broken'));
      await space.patch(
        'deployments',
        'web',
        {
          spec: {
            template: { spec: { containers: [{ name: 'main', image: 'wheelhouse.invalid/none:1' }] } },
          },
        },
        { type: 'strategic' },
      );
      const sizes = async () => {
        const all = await sets(stage);
        const old = all.find(({ metadata }) => metadata.uid === first?.metadata.uid);
        const fresh = all.filter(({ metadata }) => metadata.uid !== first?.metadata.uid);
        return [old?.spec?.replicas, fresh.reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0)];
      };
      // One of four may be missing, two may be too many: three old, three new.
      await settled(async () => expect(await sizes()).toEqual([3, 3]));
      await space.scale('deployments', 'web', 8);
      // Ten in all; the four more are shared by the sets' sizes.
      await settled(async () => expect(await sizes()).toEqual([5, 5]));
    },
  );

  conformance(
    '[sig-apps] Deployment should run the lifecycle of a Deployment [Conformance]',
    async (stage) => {
      const { space, wide } = stage;
      const made = deployment(stage, { replicas: 1 });
      const label = { lifecycle: stage.unique };
      await space.create('deployments', { ...made, metadata: { ...made.metadata, labels: label } });
      await space.until('deployments', 'web', complete);
      await space.patch('deployments', 'web', { spec: { replicas: 2 } }, { type: 'strategic' });
      await space.until('deployments', 'web', complete);
      const selector = `?labelSelector=lifecycle%3D${stage.unique}`;
      expect(await wide.list('deployments', selector)).toHaveLength(1);
      await space.change('deployments', 'web', (object) => {
        object.metadata.annotations = { ...object.metadata.annotations, updated: 'yes' };
      });
      const status = await space.patch(
        'deployments',
        'web',
        { status: { readyReplicas: 0, availableReplicas: 0 } },
        { sub: 'status' },
      );
      expect(status.metadata.annotations?.updated).toBe('yes');
      await space.until('deployments', 'web', complete);
      const read = await space.get('deployments', 'web', 'status');
      expect(read.status?.conditions?.map(({ type }) => type)).toContain('Available');
      await space.removeAll('deployments', selector);
      await space.untilGone('deployments', 'web');
    },
  );
}
