import type { Pod } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { isReady } from '../support/space';
import { conformance, type Stage } from '../support/suite';

const NAME = '[k8s.io] Pods should';

/** The life of pods, as the API tells it. */
export function pods(): void {
  conformance(
    `${NAME} allow activeDeadlineSeconds to be updated [NodeConformance] [Conformance]`,
    async ({ space, pods }) => {
      await space.start(pods.idle('short', { spec: { activeDeadlineSeconds: 3600 } }));
      await space.patch('pods', 'short', { spec: { activeDeadlineSeconds: 2 } });
      const ended = await space.until('pods', 'short', ({ status }) => status?.phase === 'Failed');
      expect(ended.status?.reason).toBe('DeadlineExceeded');
    },
  );

  conformance(`${NAME} be submitted and removed [NodeConformance] [Conformance]`, submittedAndRemoved);

  conformance(`${NAME} be updated [NodeConformance] [Conformance]`, async ({ space, pods }) => {
    await space.start(pods.idle('updated', { labels: { time: 'before' } }));
    const { metadata } = await space.change('pods', 'updated', (pod) => {
      pod.metadata.labels = { time: 'after' };
    });
    const [found] = await space.list('pods', '?labelSelector=time%3Dafter');
    expect(found?.metadata.uid).toBe(metadata.uid);
    expect(found && isReady(found)).toBe(true);
  });

  conformance(
    `${NAME} contain environment variables for services [NodeConformance] [Conformance]`,
    async ({ space, pods }) => {
      const { spec } = await space.create('services', {
        metadata: { name: 'fooservice' },
        spec: { selector: { app: 'x' }, ports: [{ port: 8765, targetPort: 8080 }] },
      });
      const ip = spec?.clusterIP;
      const { log } = await space.run(pods.once('client', 'env'));
      const lines = log.split('\n');
      for (const line of [
        `FOOSERVICE_SERVICE_HOST=${ip}`,
        'FOOSERVICE_SERVICE_PORT=8765',
        `FOOSERVICE_PORT=tcp://${ip}:8765`,
        `FOOSERVICE_PORT_8765_TCP=tcp://${ip}:8765`,
        'FOOSERVICE_PORT_8765_TCP_PROTO=tcp',
        'FOOSERVICE_PORT_8765_TCP_PORT=8765',
        `FOOSERVICE_PORT_8765_TCP_ADDR=${ip}`,
      ])
        expect(lines).toContain(line);
    },
  );

  conformance(`${NAME} delete a collection of pods [Conformance]`, async ({ space, pods }) => {
    const names = ['one', 'two', 'three'];
    await Promise.all(
      names.map((name) => space.create('pods', pods.idle(name, { labels: { type: 'Testing' } }))),
    );
    await space.create('pods', pods.idle('other'));
    await space.removeAll('pods', '?labelSelector=type%3DTesting');
    const left = await space.untilList('pods', '', (items) => items.length === 1);
    expect(left[0]?.metadata.name).toBe('other');
  });

  conformance(`${NAME} get a host IP [NodeConformance] [Conformance]`, async ({ space, pods, wide }) => {
    const { spec, status } = await space.start(pods.idle('hosted'));
    const node = await wide.get('nodes', spec?.nodeName ?? '');
    const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    expect(status?.hostIP).toBe(address);
    expect(address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  });

  conformance(`${NAME} run through the lifecycle of Pods and PodStatus [Conformance]`, lifecycle);

  conformance(
    `${NAME} support remote command execution over websockets [NodeConformance] [Conformance]`,
    async ({ api, space, pods }) => {
      await space.start(pods.idle('remote'));
      const query = 'stderr=1&stdout=1&container=main&command=echo&command=remote%20execution%20test';
      const messages = await api.socket(`${space.path('pods', 'remote', 'exec')}?${query}`, 'channel.k8s.io');
      const said = messages.filter(([channel]) => channel === 1).map((message) => message.subarray(1));
      expect(Buffer.concat(said).toString()).toBe('remote execution test\n');
    },
  );

  conformance(
    `${NAME} support retrieving logs from the container over websockets [NodeConformance] [Conformance]`,
    async ({ api, space, pods }) => {
      await space.run(pods.once('logging', 'echo container is alive'));
      const messages = await api.socket(
        `${space.path('pods', 'logging', 'log')}?container=main`,
        'binary.k8s.io',
      );
      expect(Buffer.concat(messages).toString()).toBe('container is alive\n');
    },
  );

  conformance(
    '[k8s.io] [sig-node] Pods Extended [k8s.io] Pods Set QOS Class should be set on Pods with matching resource requests and limits for memory and cpu [Conformance]',
    async ({ space, pods }) => {
      const amounts = { cpu: '10m', memory: '16Mi' };
      const resources = { requests: amounts, limits: amounts };
      const created = await space.create('pods', pods.idle('guaranteed', { container: { resources } }));
      expect(created.status?.qosClass).toBe('Guaranteed');
      expect((await space.get('pods', 'guaranteed')).status?.qosClass).toBe('Guaranteed');
    },
  );

  conformance(
    '[k8s.io] [sig-node] Events should be sent by kubelets and the scheduler about pods scheduling and running [Conformance]',
    async ({ space, pods }) => {
      const { metadata, spec } = await space.start(pods.idle('told'));
      const about = `?fieldSelector=involvedObject.uid%3D${metadata.uid}`;
      const events = await space.untilList('events', about, (items) =>
        ['Scheduled', 'Started'].every((reason) => items.some((event) => event.reason === reason)),
      );
      const of = (reason: string) => events.find((event) => event.reason === reason);
      expect(of('Scheduled')?.source?.component ?? of('Scheduled')?.reportingComponent).toBe(
        'default-scheduler',
      );
      expect(of('Started')?.source).toEqual({ component: 'kubelet', host: spec?.nodeName });
    },
  );
}

async function submittedAndRemoved({ api, space, pods }: Stage): Promise<void> {
  const path = `${space.path('pods')}?labelSelector=time%3Dnow`;
  const before = await api.json<{ metadata: { resourceVersion: string }; items: Pod[] }>(path);
  expect(before.items).toEqual([]);
  const labels = { time: 'now' };
  await space.start(pods.idle('brief', { labels, spec: { terminationGracePeriodSeconds: 30 } }));
  await space.remove('pods', 'brief', { gracePeriodSeconds: 1 });
  const seen: string[] = [];
  let last: Pod | undefined;
  for await (const { type, object } of api.watch<Pod>(
    `${path}&resourceVersion=${before.metadata.resourceVersion}`,
  )) {
    seen.push(type);
    last = object;
    if (type === 'DELETED') break;
  }
  expect(seen[0]).toBe('ADDED');
  expect(seen.at(-1)).toBe('DELETED');
  expect(last?.metadata?.deletionTimestamp).toBeDefined();
  expect(last?.spec?.containers).toHaveLength(1);
  expect(await space.list('pods', '?labelSelector=time%3Dnow')).toEqual([]);
}

async function lifecycle(stage: Stage): Promise<void> {
  const { space, pods, wide, cluster } = stage;
  const labels = { lifecycle: stage.unique };
  await space.start(pods.idle('living', { labels }));
  const selector = `?labelSelector=lifecycle%3D${stage.unique}`;
  await space.patch(
    'pods',
    'living',
    {
      metadata: { labels: { patched: 'yes' } },
      spec: { containers: [{ name: 'main', image: cluster.images.server }] },
    },
    { type: 'strategic' },
  );
  // The image changes in the running pod.
  await space.until(
    'pods',
    'living',
    (pod) => isReady(pod) && pod.status?.containerStatuses?.[0]?.image === cluster.images.server,
  );
  const [everywhere] = await wide.list('pods', selector);
  expect(everywhere?.metadata.labels).toMatchObject({ ...labels, patched: 'yes' });
  const status = await space.patch(
    'pods',
    'living',
    { status: { conditions: [{ type: 'example.com/Test', status: 'True' }] } },
    { type: 'strategic', sub: 'status' },
  );
  const types = (pod: Pod) => pod.status?.conditions?.map(({ type }) => type);
  expect(types(status)).toContain('example.com/Test');
  expect(types(await space.get('pods', 'living', 'status'))).toContain('example.com/Test');
  await space.removeAll('pods', selector);
  await space.untilGone('pods', 'living');
}
