import type { Job } from 'kubernetes-types/batch/v1';
import { expect } from 'vitest';
import { isReady, ownerOf } from '../support/space';
import { conformance, type Stage } from '../support/suite';

/** A job of pods that only are there. */
const idleJob = ({ pods }: Stage): Job => ({
  metadata: { name: 'work' },
  spec: {
    parallelism: 2,
    completions: 4,
    template: {
      spec: {
        ...pods.idle('').spec,
        restartPolicy: 'Never',
        containers: pods.idle('').spec?.containers ?? [],
      },
    },
  },
});

/** Job. */
export function jobs(): void {
  conformance(
    '[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally restarted [Conformance]',
    async (stage) => {
      const { space, pods } = stage;
      // Each pod fails once; what its first try left in the pod's volume lets the second succeed.
      const script = 'if [ -e /state/tried ]; then exit 0; fi; touch /state/tried; exit 1';
      const { spec } = pods.pod('', script, {
        volumes: [{ name: 'work', emptyDir: {} }],
        container: { volumeMounts: [{ name: 'work', mountPath: '/state' }] },
      });
      await space.create('jobs', {
        metadata: { name: 'work' },
        spec: {
          parallelism: 2,
          completions: 4,
          backoffLimit: 6,
          template: { spec: { ...spec, restartPolicy: 'OnFailure', containers: spec?.containers ?? [] } },
        },
      });
      const done = await space.until(
        'jobs',
        'work',
        ({ status }) =>
          status?.conditions?.some(({ type, status: is }) => type === 'Complete' && is === 'True'),
        100,
      );
      expect(done.status).toMatchObject({ succeeded: 4 });
      expect(done.status?.failed ?? 0).toBe(0);
      const made = await space.list('pods', '?labelSelector=job-name%3Dwork');
      expect(made.map(({ status }) => status?.containerStatuses?.[0]?.restartCount)).toEqual([1, 1, 1, 1]);
    },
  );

  conformance('[sig-apps] Job should delete a job [Conformance]', async (stage) => {
    const { space } = stage;
    await space.create('jobs', idleJob(stage));
    await space.untilList('pods', '', (items) => items.length === 2 && items.every(isReady));
    await space.remove('jobs', 'work', { propagationPolicy: 'Foreground' });
    await space.untilGone('jobs', 'work');
    // Foreground: the job goes after its pods.
    expect(await space.list('pods')).toEqual([]);
  });

  conformance(
    '[sig-apps] Job should adopt matching orphans and release non-matching pods [Conformance]',
    async (stage) => {
      const { space } = stage;
      const { metadata } = await space.create('jobs', idleJob(stage));
      const [pod] = await space.untilList('pods', '', (items) => items.length === 2 && items.every(isReady));
      const name = pod?.metadata.name ?? '';
      await space.change('pods', name, (object) => {
        delete object.metadata.ownerReferences;
      });
      await space.until('pods', name, (adopted) => ownerOf(adopted) === metadata.uid);
      await space.change('pods', name, (object) => {
        object.metadata.labels = {};
      });
      await space.until('pods', name, (released) => ownerOf(released) === undefined);
    },
  );
}
