import type { Pod } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { conformance, conformances, type Stage } from '../support/suite';

const NAME = '[k8s.io] InitContainer [NodeConformance] should';

/** Two init containers, the first of which runs `first`, and a container that runs `main`. */
function pod({ pods }: Stage, policy: string, scripts: { first: string; main: string }): Pod {
  return pods.pod('init', scripts.main, {
    spec: {
      restartPolicy: policy,
      initContainers: [
        pods.container(scripts.first, { name: 'init1' }),
        pods.container('true', { name: 'init2' }),
      ],
    },
  });
}

const condition = ({ status }: Pod, type: string) =>
  status?.conditions?.find((found) => found.type === type)?.status;

/** Containers that run before the others. */
export function initContainers(): void {
  conformances<{ policy: string; main: string; phase: string }>(
    {
      [`${NAME} invoke init containers on a RestartAlways pod [Conformance]`]: {
        policy: 'Always',
        main: 'exec sleep 1000000',
        phase: 'Running',
      },
      [`${NAME} invoke init containers on a RestartNever pod [Conformance]`]: {
        policy: 'Never',
        main: 'true',
        phase: 'Succeeded',
      },
    },
    async (stage, { policy, main, phase }) => {
      const { space } = stage;
      await space.create('pods', pod(stage, policy, { first: 'true', main }));
      const done = await space.until('pods', 'init', ({ status }) => status?.phase === phase);
      expect(condition(done, 'Initialized')).toBe('True');
      const statuses = done.status?.initContainerStatuses ?? [];
      expect(statuses.map(({ name, ready }) => [name, ready])).toEqual([
        ['init1', true],
        ['init2', true],
      ]);
      for (const { state } of statuses)
        expect(state?.terminated).toMatchObject({ exitCode: 0, reason: 'Completed' });
    },
  );

  conformance(
    `${NAME} not start app containers and fail the pod if init containers fail on a RestartNever pod [Conformance]`,
    async (stage) => {
      const { space } = stage;
      await space.create('pods', pod(stage, 'Never', { first: 'false', main: 'true' }));
      const failed = await space.until('pods', 'init', ({ status }) => status?.phase === 'Failed');
      expect(condition(failed, 'Initialized')).toBe('False');
      const [first, second] = failed.status?.initContainerStatuses ?? [];
      expect(first?.state?.terminated?.exitCode).toBe(1);
      expect(second?.state?.waiting).toBeDefined();
      expect(failed.status?.containerStatuses?.[0]?.state?.waiting).toBeDefined();
    },
  );

  conformance(
    `${NAME} not start app containers if init containers fail on a RestartAlways pod [Conformance]`,
    async (stage) => {
      const { space } = stage;
      await space.create('pods', pod(stage, 'Always', { first: 'false', main: 'exec sleep 1000000' }));
      const restarted = await space.until(
        'pods',
        'init',
        ({ status }) => (status?.initContainerStatuses?.[0]?.restartCount ?? 0) >= 2,
      );
      expect(restarted.status?.phase).toBe('Pending');
      expect(condition(restarted, 'Initialized')).toBe('False');
      expect(restarted.status?.initContainerStatuses?.[1]?.state?.waiting).toBeDefined();
      expect(restarted.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe('PodInitializing');
    },
  );
}
