import type { ReplicationController } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { kubectlOf } from '../support/kubectl';
import { settled } from '../support/space';
import { conformance, type Stage } from '../support/suite';

/** A replication controller whose pods serve HTTP. */
export const controller = (
  { pods }: Stage,
  name: string,
  replicas: number,
): ReplicationController & object => ({
  apiVersion: 'v1',
  kind: 'ReplicationController',
  metadata: { name },
  spec: {
    replicas,
    selector: { app: name },
    template: { metadata: { labels: { app: name } }, spec: pods.server('').spec },
  },
});

export const running = ({ space }: Stage, name: string, replicas: number) =>
  space.until('replicationcontrollers', name, ({ status }) => status?.readyReplicas === replicas);

/** Who answers for a pod of a controller, by name. */
const names = (stage: Stage, app: string) =>
  kubectlOf(stage)(
    'get',
    'pods',
    '-l',
    `app=${app}`,
    '-o',
    'template',
    '--template={{range .items}}{{.metadata.name}} {{end}}',
  );

async function demo(stage: Stage, sizes: readonly number[]): Promise<void> {
  const { api, space } = stage;
  const kubectl = kubectlOf(stage);
  const [first = 1, ...rest] = sizes;
  await kubectl.given(controller(stage, 'demo', first), 'create');
  const serves = async (replicas: number) => {
    await running(stage, 'demo', replicas);
    await settled(async () => {
      const found = (await names(stage, 'demo')).trim().split(' ');
      expect(found).toHaveLength(replicas);
      for (const name of found)
        expect(await api.text(space.path('pods', `${name}:8080`, 'proxy/cgi-bin/hostname'))).toBe(
          `${name}\n`,
        );
    }, 60);
  };
  await serves(first);
  for (const replicas of rest) {
    await kubectl('scale', 'rc', 'demo', `--replicas=${replicas}`, '--timeout=2m');
    await serves(replicas);
  }
  await kubectl.given(controller(stage, 'demo', 1), 'delete', '--grace-period=0', '--force');
  await settled(async () => expect(await names(stage, 'demo')).toBe(''), 60);
}

/** A store, and a front that asks it for every request. */
async function guestbook(stage: Stage): Promise<void> {
  const { api, space, pods } = stage;
  const kubectl = kubectlOf(stage);
  const part = (name: string, replicas: number, pod: ReturnType<typeof pods.server>) => [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name },
      spec: {
        replicas,
        selector: { matchLabels: { app: name } },
        template: { metadata: { labels: { app: name } }, spec: pod.spec },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
  const application = {
    apiVersion: 'v1',
    kind: 'List',
    items: [...part('store', 1, pods.server('')), ...part('frontend', 2, pods.peer(''))],
  };
  await kubectl.given(application, 'create');
  for (const name of ['store', 'frontend'])
    await kubectl('rollout', 'status', `deployment/${name}`, '--timeout=2m');
  const [store] = await space.list('pods', '?labelSelector=app%3Dstore');
  const query = new URLSearchParams({
    host: 'store',
    port: '80',
    protocol: 'http',
    word: 'cgi-bin/hostname',
  });
  await settled(async () => {
    const answer = await api.text(`${space.path('services', 'frontend:80', 'proxy/ask')}?${query}`);
    expect(answer.trim()).toBe(store?.metadata.name);
  }, 60);
  await kubectl.given(application, 'delete', '--grace-period=0', '--force');
  await space.untilList('pods', '', (items) => items.length === 0);
}

/** Applications that are started, scaled and stopped by kubectl alone. */
export function applications(): void {
  const cases: Record<string, (stage: Stage) => Promise<void>> = {
    'Guestbook application should create and stop a working application': guestbook,
    'Update Demo should create and stop a replication controller': (stage) => demo(stage, [2]),
    'Update Demo should scale a replication controller': (stage) => demo(stage, [2, 1, 2]),
  };
  for (const [what, test] of Object.entries(cases))
    conformance(`[sig-cli] Kubectl client ${what} [Conformance]`, test);
}
