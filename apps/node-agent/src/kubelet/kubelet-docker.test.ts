import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import Docker from 'dockerode';
import type { Container, Pod } from 'kubernetes-types/core/v1';
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

  const remove = async (name: string) => {
    await cluster.client.delete(podKind, { namespace: 'default', name });
    await cluster.untilGone(name);
  };
  const main = ({ status }: Pod) => status?.containerStatuses?.[0];
  const isReady = ({ status }: Pod) =>
    Boolean(status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'));
  const sh = (script: string, rest: Partial<Container> = {}): Container => ({
    name: 'main',
    image,
    command: ['/bin/sh', '-c', script],
    ...rest,
  });
  const FOREVER = 'trap "exit 0" TERM; while :; do sleep 1 & wait $!; done';
  const log = async (name: string) => (await cluster.ask(`/containerLogs/default/${name}/main`)).body;
  const inspect = async (pod: Pod) =>
    docker.getContainer(main(pod)?.containerID?.replace('docker://', '') ?? '').inspect();

  test('a pod runs, answers, logs, and goes', async () => {
    await cluster.createPod('web', {
      containers: [
        {
          name: 'main',
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
    expect(running.status).toMatchObject({
      hostIP: '127.0.0.1',
      podIP: expect.stringMatching(new RegExp(`^10\\.${second}\\.3\\.`)),
      containerStatuses: [
        { name: 'main', restartCount: 0, state: { running: {} }, image: 'wheelhouse/hello:1' },
      ],
    });
    const ready = await cluster.until('web', isReady);
    const answer = await fetch(`http://${ready.status?.podIP}:8080/`);
    expect(await answer.json()).toMatchObject({ pod: 'web', requests: 1 });
    expect(await cluster.ask('/containerLogs/default/web/main?tailLines=1')).toEqual({
      status: 200,
      body: expect.stringContaining('GET / #1'),
    });
    await remove('web');
    const filters = { label: [`dev.wheelhouse.cluster=${clusterId}`] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
    const reasons = (await cluster.events('web')).map((event) => event.split(':')[0]);
    expect(reasons).toEqual(expect.arrayContaining(['Pulled', 'Created', 'Started', 'Killing']));
  });

  test('a container that is killed from outside runs again at once, with its address', async () => {
    await cluster.createPod('victim', { containers: [sh(FOREVER)] });
    const before = await cluster.until('victim', isReady);
    await docker.getContainer(main(before)?.containerID?.replace('docker://', '') ?? '').kill();
    const after = await cluster.until('victim', (pod) => main(pod)?.restartCount === 1 && isReady(pod));
    expect(main(after)?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' });
    expect(after.status?.podIP).toBe(before.status?.podIP);
    await remove('victim');
  });

  test('a pod whose sandbox is removed gets a new one', async () => {
    await cluster.createPod('homeless', { containers: [sh(FOREVER)] });
    const before = await cluster.until('homeless', isReady);
    const { uid } = before.metadata;
    const [sandbox] = await docker.listContainers({
      filters: { label: [`io.kubernetes.pod.uid=${uid}`, 'io.kubernetes.container.name=POD'] },
    });
    await docker.getContainer(sandbox?.Id ?? '').remove({ force: true });
    const after = await cluster.until('homeless', (pod) => main(pod)?.restartCount === 1 && isReady(pod));
    expect(main(after)?.containerID).not.toBe(main(before)?.containerID);
    await remove('homeless');
  });

  test('limits hold: memory beyond them is OOMKilled, and Docker knows the others', async () => {
    await cluster.createPod('greedy', {
      restartPolicy: 'Never',
      containers: [
        sh(
          'x=$(dd if=/dev/zero bs=1M count=200 | /bin/busybox tr "\\0" x); printf %s "$x" | /bin/busybox wc -c',
          {
            resources: { requests: { cpu: '250m' }, limits: { cpu: '500m', memory: '32Mi' } },
          },
        ),
      ],
    });
    const killed = await cluster.until('greedy', ({ status }) => status?.phase === 'Failed');
    expect(main(killed)?.state?.terminated?.reason).toBe('OOMKilled');
    expect((await inspect(killed)).HostConfig).toMatchObject({
      Memory: 32 * 2 ** 20,
      CpuShares: 256,
      CpuQuota: 50_000,
    });
    await remove('greedy');
  });

  test('volumes, hosts file, name servers, user, read-only root and last words', async () => {
    await cluster.client.create(configMapKind, {
      metadata: { namespace: 'default', name: 'site' },
      data: { 'site.conf': 'listen 80' },
    });
    await cluster.createPod('mounted', {
      restartPolicy: 'Never',
      hostname: 'captain',
      hostAliases: [{ ip: '10.1.2.3', hostnames: ['harbour'] }],
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['10.9.8.7'], searches: ['sea.local'] },
      securityContext: { runAsUser: 1234, fsGroup: 4321 },
      containers: [
        sh(
          'cat /config/site.conf /sub/file; echo; cat /etc/hosts /etc/resolv.conf; id; hostname; ' +
            'touch /nope || echo readonly; echo ok > /scratch/x && cat /scratch/x; echo farewell > /dev/termination-log',
          {
            securityContext: { readOnlyRootFilesystem: true },
            volumeMounts: [
              { name: 'config', mountPath: '/config' },
              { name: 'config', mountPath: '/sub/file', subPath: 'site.conf' },
              { name: 'scratch', mountPath: '/scratch' },
            ],
          },
        ),
      ],
      volumes: [
        { name: 'config', configMap: { name: 'site' } },
        { name: 'scratch', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ],
    });
    const ended = await cluster.until('mounted', ({ status }) => status?.phase === 'Succeeded');
    const text = await log('mounted');
    for (const part of [
      'listen 80listen 80\n',
      '10.1.2.3\tharbour',
      `${ended.status?.podIP}\tcaptain`,
      'nameserver 10.9.8.7',
      'search sea.local',
      'uid=1234',
      '4321',
      '\ncaptain\n',
      'readonly',
      'ok\n',
    ]) {
      expect(text).toContain(part);
    }
    expect(main(ended)?.state?.terminated?.message).toBe('farewell\n');
    await remove('mounted');
    // A pod that has ended leaves the API at once; what it had on the node follows.
    await expect
      .poll(() => readFile('/proc/self/mountinfo', 'utf8'), { timeout: 10_000 })
      .not.toContain(ended.metadata.uid);
  });

  test('what cannot be pulled is said in the words of Docker, and waited for', async () => {
    const absent = `127.0.0.1:9/none/absent-${clusterId}:1`;
    await cluster.createPod('absent', { containers: [sh(FOREVER, { image: absent })] });
    const failing = await cluster.until(
      'absent',
      (pod) => main(pod)?.state?.waiting?.reason === 'ErrImagePull',
    );
    expect(main(failing)?.state?.waiting?.message).toMatch(/failed to pull image .*127\.0\.0\.1:9/);
    expect(failing.status?.phase).toBe('Pending');
    await cluster.until('absent', (pod) => main(pod)?.state?.waiting?.reason === 'ImagePullBackOff');
    await remove('absent');
    await cluster.createPod('never', {
      containers: [sh(FOREVER, { image: absent, imagePullPolicy: 'Never' })],
    });
    await cluster.until('never', (pod) => main(pod)?.state?.waiting?.reason === 'ErrImageNeverPull');
    await remove('never');
    await cluster.createPod('wrong', { containers: [sh(FOREVER, { image: 'No Such::Image' })] });
    await cluster.until('wrong', (pod) => main(pod)?.state?.waiting?.reason === 'InvalidImageName');
    await remove('wrong');
  });

  test('a program that is not there is said so, and tried again', async () => {
    await cluster.createPod('missing', {
      containers: [{ name: 'main', image, command: ['/no/such/program'] }],
    });
    const waiting = await cluster.until(
      'missing',
      (pod) => main(pod)?.state?.waiting?.reason === 'CrashLoopBackOff',
    );
    expect(main(waiting)?.lastState?.terminated).toMatchObject({
      reason: 'StartError',
      message: expect.stringContaining('/no/such/program'),
    });
    await remove('missing');
  });

  test('host ports lead into the pod', async () => {
    const port = await freePort();
    await cluster.createPod('ported', {
      containers: [
        {
          name: 'main',
          image: 'wheelhouse/hello:1',
          env: [{ name: 'DRAIN_MS', value: '10' }],
          ports: [{ containerPort: 8080, hostPort: port, hostIP: '127.0.0.1' }],
          readinessProbe: { tcpSocket: { port: 8080 } },
        },
      ],
    });
    await cluster.until('ported', isReady);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    await remove('ported');
  });

  test('a restarted kubelet leaves containers untouched', async () => {
    await cluster.createPod('kept', { containers: [sh(FOREVER)] });
    const before = await cluster.until('kept', isReady);
    await cluster.kubelet.stop();
    await cluster.startKubelet();
    await expect.poll(() => cluster.ask('/pods').then(({ body }) => body)).toContain('"kept"');
    const after = await cluster.pod('kept');
    expect(main(after)).toEqual(main(before));
    expect((await inspect(after)).State.Running).toBe(true);
    await remove('kept');
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
