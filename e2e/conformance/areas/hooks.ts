import type { Lifecycle, LifecycleHandler, Pod } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { settled } from '../support/space';
import { conformance, conformances, type Stage } from '../support/suite';

/** A hook that asks the pod at `address` for a path, so that its log tells. */
const handlers = {
  exec: (address: string, path: string): LifecycleHandler => ({
    exec: { command: ['wget', '-qO-', `http://${address}:8080/${path}`] },
  }),
  http: (address: string, path: string): LifecycleHandler => ({
    httpGet: { host: address, port: 8080, path: `/${path}` },
  }),
};

interface HookCase {
  readonly hook: keyof Lifecycle & ('postStart' | 'preStop');
  readonly by: keyof typeof handlers;
}

const NAME = '[k8s.io] Container Lifecycle Hook when create a pod with lifecycle hook should execute';

/** What the listening pod has been asked for. */
const heard = ({ space }: Stage, word: string) =>
  settled(async () => expect(await space.log('listener')).toContain(word));

const addressOf = (pod: Pod) => pod.status?.podIP ?? '';

/** Hooks of containers. */
export function hooks(): void {
  conformances<HookCase>(
    {
      [`${NAME} poststart exec hook properly [NodeConformance] [Conformance]`]: {
        hook: 'postStart',
        by: 'exec',
      },
      [`${NAME} poststart http hook properly [NodeConformance] [Conformance]`]: {
        hook: 'postStart',
        by: 'http',
      },
      [`${NAME} prestop exec hook properly [NodeConformance] [Conformance]`]: { hook: 'preStop', by: 'exec' },
      [`${NAME} prestop http hook properly [NodeConformance] [Conformance]`]: { hook: 'preStop', by: 'http' },
    },
    async (stage, { hook, by }) => {
      const { space, pods } = stage;
      const listener = await space.start(pods.peer('listener'));
      const lifecycle = { [hook]: handlers[by](addressOf(listener), `said-by-${hook}`) };
      await space.start(
        pods.idle('hooked', { container: { lifecycle }, spec: { terminationGracePeriodSeconds: 20 } }),
      );
      if (hook === 'preStop') {
        expect(await space.log('listener')).not.toContain('said-by-preStop');
        await space.remove('pods', 'hooked', { gracePeriodSeconds: 3 });
      }
      await heard(stage, `GET /said-by-${hook}`);
    },
  );

  conformance(
    '[k8s.io] [sig-node] PreStop should call prestop when killing a pod [Conformance]',
    async (stage) => {
      const { space, pods } = stage;
      const listener = await space.start(pods.peer('listener'));
      // The hook runs to its end before the program hears of the end.
      const ask = (word: string) => `wget -qO- http://${addressOf(listener)}:8080/${word}`;
      const preStop = { exec: { command: ['sh', '-c', `${ask('first')}; sleep 1; ${ask('second')}`] } };
      await space.start(
        pods.pod('ending', `trap '${ask('third')}; exit' TERM; while :; do sleep 0.1; done`, {
          container: { lifecycle: { preStop } },
          spec: { terminationGracePeriodSeconds: 20 },
        }),
      );
      await space.remove('pods', 'ending');
      await space.untilGone('pods', 'ending');
      const words = [...(await space.log('listener')).matchAll(/GET \/(first|second|third)/g)];
      expect(words.map(([, word]) => word)).toEqual(['first', 'second', 'third']);
    },
  );
}
