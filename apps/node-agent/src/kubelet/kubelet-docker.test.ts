import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importBusybox } from '../runtime/contract/busybox-image';
import { networkName } from '../runtime/docker/docker-network';
import { createDockerRuntime, isDockerAvailable } from '../runtime/docker/docker-runtime';
import { createTestCluster, type TestCluster } from './testing/cluster';

const available = await isDockerAvailable();

describe.skipIf(!available)('kubelet on a Docker of this host', { timeout: 60_000 }, () => {
  const docker = new Docker();
  const clusterId = randomUUID().replaceAll('-', '').slice(0, 8);
  const image = `wheelhouse-test-${clusterId}:1`;
  const second = 64 + (Number.parseInt(clusterId.slice(0, 4), 16) % 128);
  let cluster: TestCluster;

  beforeAll(async () => {
    await importBusybox(docker, image);
    const runtime = await createDockerRuntime({
      clusterId,
      nodeName: 'test',
      clusterCidr: `10.${second}.0.0/16`,
    });
    cluster = await createTestCluster({ runtime, podCidr: `10.${second}.3.0/24` });
  }, 60_000);

  afterAll(async () => {
    await cluster?.close();
    await docker.getNetwork(networkName(clusterId)).remove();
    await docker.getImage(image).remove({ force: true });
  });

  test('a pod runs, answers, logs, and goes', async () => {
    // The image is made before the clock starts.
    await docker
      .getImage('wheelhouse/hello:1')
      .inspect()
      .catch(() => undefined);
    const begun = performance.now();
    await cluster.createPod('web', {
      containers: [
        {
          name: 'hello',
          image: 'wheelhouse/hello:1',
          ports: [{ containerPort: 8080 }],
          env: [
            { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'DRAIN_MS', value: '10' },
          ],
          readinessProbe: { httpGet: { path: '/readyz', port: 8080 } },
        },
      ],
    });
    const running = await cluster.until('web', ({ status }) => status?.phase === 'Running');
    const runningMs = performance.now() - begun;
    expect(running.status).toMatchObject({
      hostIP: '127.0.0.1',
      podIP: expect.stringMatching(new RegExp(`^10\\.${second}\\.3\\.`)),
      containerStatuses: [
        { name: 'hello', restartCount: 0, state: { running: {} }, image: 'wheelhouse/hello:1' },
      ],
    });
    const ready = await cluster.until('web', ({ status }) =>
      Boolean(status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True')),
    );
    console.log(
      `running after ${Math.round(runningMs)} ms, ready after ${Math.round(performance.now() - begun)} ms`,
    );
    const answer = await fetch(`http://${ready.status?.podIP}:8080/`);
    expect(await answer.json()).toMatchObject({ pod: 'web', requests: 1 });
    const log = await cluster.ask('/containerLogs/default/web/hello?tailLines=1');
    expect(log).toEqual({ status: 200, body: expect.stringContaining('GET / #1') });
    await cluster.client.delete((await import('@wheelhouse/shared/kinds/core/pod')).podKind, {
      namespace: 'default',
      name: 'web',
    });
    await cluster.untilGone('web');
    const left = await docker.listContainers({
      all: true,
      filters: { label: [`dev.wheelhouse.cluster=${clusterId}`] },
    });
    expect(left).toEqual([]);
    const reasons = (await cluster.events('web')).map((event) => event.split(':')[0]);
    expect(reasons).toEqual(expect.arrayContaining(['Pulled', 'Created', 'Started', 'Killing']));
  });
});
