import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@wheelhouse/shared/clock';
import { leaseKind } from '@wheelhouse/shared/kinds/coordination/lease';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Container, Pod } from 'kubernetes-types/core/v1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProcessRuntime } from '../runtime/process/process-runtime';
import type { ContainerRuntime } from '../runtime/runtime';
import { createTestCluster, type TestCluster } from './testing/cluster';

const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.1 & wait $!; done';
const sh = (script: string, rest: Partial<Container> = {}): Container => ({
  name: 'main',
  image: 'host:1',
  command: ['/bin/sh', '-c', script],
  ...rest,
});
const isReady = ({ status }: Pod) =>
  Boolean(status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'));
const main = ({ status }: Pod) => status?.containerStatuses?.[0];

describe('kubelet over real processes', { timeout: 30_000 }, () => {
  let cluster: TestCluster;
  let directory: string;
  let runtime: ContainerRuntime;
  const range = `127.${200 + (process.pid % 50)}.7.0/24`;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-kubelet-process-'));
    runtime = await createProcessRuntime({ directory: join(directory, 'processes'), clock: systemClock });
    cluster = await createTestCluster({ runtime, podCidr: range });
  });

  afterAll(async () => {
    await cluster?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const remove = (name: string) => cluster.client.delete(podKind, { namespace: 'default', name });
  const log = async (name: string, query = '') =>
    (await cluster.ask(`/containerLogs/default/${name}/main${query}`)).body;

  test('registers the node: capacity, addresses, conditions, lease', async () => {
    const node = await cluster.client.get(nodeKind, { name: cluster.nodeName });
    expect(node.status).toMatchObject({
      capacity: { cpu: expect.stringMatching(/^\d+$/), memory: expect.stringMatching(/Ki$/), pods: '110' },
      addresses: [
        { type: 'InternalIP', address: '127.0.0.1' },
        { type: 'Hostname', address: cluster.nodeName },
      ],
      nodeInfo: { containerRuntimeVersion: expect.stringMatching(/^process:\/\//) },
    });
    expect(node.status?.conditions?.map(({ type, status }) => `${type}=${status}`)).toEqual(
      expect.arrayContaining([
        'Ready=True',
        'MemoryPressure=False',
        'DiskPressure=False',
        'PIDPressure=False',
      ]),
    );
    const lease = await cluster.client.get(leaseKind, {
      namespace: 'kube-node-lease',
      name: cluster.nodeName,
    });
    expect(lease.spec).toMatchObject({ holderIdentity: cluster.nodeName, leaseDurationSeconds: 40 });
    expect(Date.now() - Date.parse(String(lease.spec?.renewTime))).toBeLessThan(15_000);
  });

  test('a pod that runs to its end succeeds, with the container kept for its log', async () => {
    await cluster.createPod('once', { restartPolicy: 'Never', containers: [sh('echo done')] });
    const ended = await cluster.until('once', ({ status }) => status?.phase === 'Succeeded');
    expect(main(ended)).toMatchObject({
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
    });
    expect(ended.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'PodCompleted',
    });
    expect(await log('once')).toBe('done\n');
    await remove('once');
    await cluster.untilGone('once');
  });

  test('a pod that fails once and may not restart has failed, with its last words', async () => {
    await cluster.createPod('broken', {
      restartPolicy: 'Never',
      containers: [sh('echo "it broke" >&2; exit 3', { terminationMessagePolicy: 'FallbackToLogsOnError' })],
    });
    const failed = await cluster.until('broken', ({ status }) => status?.phase === 'Failed');
    expect(main(failed)?.state?.terminated).toMatchObject({
      exitCode: 3,
      reason: 'Error',
      message: 'it broke\n',
    });
    await remove('broken');
  });

  test('a crashing container is restarted, then backs off', async () => {
    await cluster.createPod('crash', { containers: [sh('exit 1')] });
    const waiting = await cluster.until(
      'crash',
      (pod) => main(pod)?.state?.waiting?.reason === 'CrashLoopBackOff',
    );
    expect(main(waiting)).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 1, reason: 'Error' } },
      state: {
        waiting: {
          message: expect.stringMatching(
            /^back-off 10s restarting failed container=main pod=crash_default\(/,
          ),
        },
      },
    });
    expect(waiting.status?.phase).toBe('Running');
    await remove('crash');
    await cluster.untilGone('crash');
    expect(await cluster.events('crash')).toContainEqual(
      expect.stringContaining('BackOff: Back-off restarting failed container main'),
    );
  });

  test('init containers run one after the other, before the others', async () => {
    await cluster.createPod('init', {
      initContainers: [
        sh('echo one > $WHEELHOUSE_VOLUME_SHARED/one', {
          name: 'first',
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        }),
        sh('cat $WHEELHOUSE_VOLUME_SHARED/one && echo two > $WHEELHOUSE_VOLUME_SHARED/two', {
          name: 'second',
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        }),
      ],
      containers: [
        sh(`cat $HOME/shared/one $HOME/shared/two; ${FOREVER}`, {
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        }),
      ],
      volumes: [{ name: 'shared', emptyDir: {} }],
    });
    const ready = await cluster.until('init', isReady);
    expect(ready.status?.initContainerStatuses).toMatchObject([
      { name: 'first', ready: true, state: { terminated: { exitCode: 0 } } },
      { name: 'second', ready: true, state: { terminated: { exitCode: 0 } } },
    ]);
    await expect.poll(() => log('init', '?tailLines=2')).toBe('one\ntwo\n');
    await remove('init');
    await cluster.untilGone('init');
  });

  test('environment from everywhere', async () => {
    const metadata = { namespace: 'default', name: 'settings' };
    await cluster.client.create(configMapKind, { metadata, data: { COLOUR: 'blue', size: '7' } });
    await cluster.client.create(secretKind, {
      metadata,
      data: { password: Buffer.from('s3cret').toString('base64') },
    });
    const service = await cluster.client.create(serviceKind, {
      metadata: { namespace: 'default', name: 'back-end' },
      spec: { selector: { a: 'b' }, ports: [{ name: 'web', port: 80, protocol: 'TCP' }] },
    });
    await cluster.createPod('env', {
      restartPolicy: 'Never',
      containers: [
        sh('env', {
          envFrom: [{ prefix: 'CFG_', configMapRef: { name: 'settings' } }],
          env: [
            { name: 'SIZE', valueFrom: { configMapKeyRef: { name: 'settings', key: 'size' } } },
            { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'settings', key: 'password' } } },
            { name: 'ABSENT', valueFrom: { configMapKeyRef: { name: 'none', key: 'x', optional: true } } },
            { name: 'ME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            {
              name: 'MEMORY',
              valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } },
            },
            { name: 'COMBINED', value: '$(ME)-$(SIZE)-$(NOPE)-$$(ME)' },
          ],
          resources: { limits: { memory: '64Mi' } },
        }),
      ],
    });
    const ended = await cluster.until('env', ({ status }) => status?.phase === 'Succeeded');
    const lines = (await log('env')).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'CFG_COLOUR=blue',
        'SIZE=7',
        'PASSWORD=s3cret',
        'ME=env',
        `ADDRESS=${ended.status?.podIP}`,
        `NODE=${cluster.nodeName}`,
        'MEMORY=64',
        'COMBINED=env-7-$(NOPE)-$(ME)',
        `BACK_END_SERVICE_HOST=${service.spec?.clusterIP}`,
        'BACK_END_SERVICE_PORT=80',
        'BACK_END_SERVICE_PORT_WEB=80',
        `BACK_END_PORT_80_TCP=tcp://${service.spec?.clusterIP}:80`,
      ]),
    );
    expect(lines.some((line) => line.startsWith('ABSENT'))).toBe(false);
    await remove('env');
  });

  test('waits for a config map that is missing, and starts when it comes', async () => {
    await cluster.createPod('waits', {
      containers: [
        sh(FOREVER, { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'later', key: 'x' } } }] }),
      ],
    });
    const waiting = await cluster.until(
      'waits',
      (pod) => main(pod)?.state?.waiting?.reason === 'CreateContainerConfigError',
    );
    expect(main(waiting)?.state?.waiting?.message).toBe('configmap "later" not found');
    await cluster.client.create(configMapKind, {
      metadata: { namespace: 'default', name: 'later' },
      data: { x: '1' },
    });
    await cluster.until('waits', isReady);
    await remove('waits');
    await cluster.untilGone('waits');
  });

  test('volumes of objects, as files', async () => {
    const metadata = { namespace: 'default', name: 'files' };
    await cluster.client.create(configMapKind, { metadata, data: { 'a.conf': 'A', 'b.conf': 'B' } });
    await cluster.createPod(
      'volumes',
      {
        restartPolicy: 'Never',
        containers: [
          sh('cd $HOME; cat all/a.conf all/b.conf one/renamed down/labels mixed/x/a; ls all', {
            volumeMounts: ['all', 'one', 'down', 'mixed'].map((name) => ({ name, mountPath: `/${name}` })),
          }),
        ],
        volumes: [
          { name: 'all', configMap: { name: 'files' } },
          { name: 'one', configMap: { name: 'files', items: [{ key: 'b.conf', path: 'renamed' }] } },
          {
            name: 'down',
            downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
          },
          {
            name: 'mixed',
            projected: {
              sources: [{ configMap: { name: 'files', items: [{ key: 'a.conf', path: 'x/a' }] } }],
            },
          },
        ],
      },
      { tier: 'test' },
    );
    await cluster.until('volumes', ({ status }) => status?.phase === 'Succeeded');
    expect(await log('volumes')).toBe('ABBtier="test"Aa.conf\nb.conf\n');
    await remove('volumes');
  });

  test('a volume that cannot be made is an event, and the pod waits', async () => {
    await cluster.createPod('unmountable', {
      containers: [sh(FOREVER)],
      volumes: [{ name: 'gone', secret: { secretName: 'absent' } }],
    });
    await expect
      .poll(() => cluster.events('unmountable'), { timeout: 10_000 })
      .toContainEqual('FailedMount: MountVolume.SetUp failed for volume "gone" : secret "absent" not found');
    expect(main(await cluster.pod('unmountable'))?.state?.waiting?.reason).toBe('ContainerCreating');
    await remove('unmountable');
    await cluster.untilGone('unmountable');
  });

  test('readiness follows its probe, in both directions', async () => {
    let healthy = false;
    const server = createServer((_req, res) => {
      res.statusCode = healthy ? 200 : 500;
      res.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await cluster.createPod('probed', {
      containers: [
        sh(FOREVER, {
          readinessProbe: { httpGet: { host: '127.0.0.1', port }, periodSeconds: 1, failureThreshold: 1 },
        }),
      ],
    });
    const running = await cluster.until('probed', ({ status }) => status?.phase === 'Running');
    expect(isReady(running)).toBe(false);
    healthy = true;
    await cluster.until('probed', isReady);
    healthy = false;
    const unready = await cluster.until('probed', (pod) => pod.status?.phase === 'Running' && !isReady(pod));
    expect(unready.status?.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [main]',
    });
    server.close();
    await remove('probed');
    await cluster.untilGone('probed');
    expect(await cluster.events('probed')).toContain(
      'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500',
    );
  });

  test('a failing liveness probe restarts the container', async () => {
    await cluster.createPod('lively', {
      containers: [
        sh(`touch alive; ${FOREVER}`, {
          livenessProbe: {
            exec: { command: ['/bin/sh', '-c', 'test -e alive'] },
            periodSeconds: 1,
            failureThreshold: 1,
          },
          lifecycle: { postStart: { exec: { command: ['/bin/sh', '-c', 'sleep 0.2; rm alive'] } } },
        }),
      ],
    });
    const restarted = await cluster.until('lively', (pod) => (main(pod)?.restartCount ?? 0) >= 1);
    expect(main(restarted)?.lastState?.terminated).toMatchObject({ exitCode: 0 });
    await remove('lively');
    await cluster.untilGone('lively');
    expect(await cluster.events('lively')).toContain(
      'Killing: Container main failed liveness probe, will be restarted',
    );
  });

  test('hooks: preStop runs before TERM, and the pod goes when its programs have', async () => {
    const file = join(directory, `trace-${randomUUID()}`);
    await cluster.createPod('graceful', {
      containers: [
        sh(`trap 'echo term >> ${file}; exit 0' TERM; while :; do sleep 0.1 & wait $!; done`, {
          lifecycle: { preStop: { exec: { command: ['/bin/sh', '-c', `echo prestop >> ${file}`] } } },
        }),
      ],
    });
    await cluster.until('graceful', isReady);
    await remove('graceful');
    await cluster.untilGone('graceful');
    expect(await readFile(file, 'utf8')).toBe('prestop\nterm\n');
    expect((await runtime.listPods()).some(({ pod }) => pod.name === 'graceful')).toBe(false);
  });

  test('a second, forced delete does not wait for the first one to be over', async () => {
    await cluster.createPod('stubborn', {
      terminationGracePeriodSeconds: 600,
      containers: [sh('trap "" TERM; while :; do sleep 0.1; done')],
    });
    await cluster.until('stubborn', isReady);
    await remove('stubborn');
    await cluster.client.delete(
      podKind,
      { namespace: 'default', name: 'stubborn' },
      { gracePeriodSeconds: 0 },
    );
    await expect
      .poll(async () => (await runtime.listPods()).some(({ pod }) => pod.name === 'stubborn'), {
        timeout: 20_000,
      })
      .toBe(false);
  });

  test('turns away what the node has no room for', async () => {
    await cluster.createPod('huge', {
      containers: [sh(FOREVER, { resources: { requests: { cpu: '4000' } } })],
    });
    const failed = await cluster.until('huge', ({ status }) => status?.phase === 'Failed');
    expect(failed.status).toMatchObject({
      reason: 'OutOfcpu',
      message: expect.stringContaining("Node didn't have enough resource: cpu"),
    });
    await remove('huge');
    await cluster.untilGone('huge');
  });

  test('a restarted kubelet adopts what runs and removes what belongs to nobody', async () => {
    await cluster.createPod('kept', { containers: [sh(`echo started; ${FOREVER}`)] });
    await cluster.createPod('forgotten', { containers: [sh(FOREVER)] });
    const before = await cluster.until('kept', isReady);
    const forgotten = await cluster.until('forgotten', isReady);
    await cluster.kubelet.stop();
    await cluster.client.delete(
      podKind,
      { namespace: 'default', name: 'forgotten' },
      { gracePeriodSeconds: 0 },
    );
    const changes: Stored<Pod>[] = [];
    const abort = new AbortController();
    const watching = (async () => {
      const from = await cluster.pod('kept');
      const options = { namespace: 'default', fieldSelector: 'metadata.name=kept', signal: abort.signal };
      for await (const { object } of cluster.client.watch(podKind, {
        ...options,
        resourceVersion: from.metadata.resourceVersion,
      })) {
        changes.push(object);
      }
    })().catch(() => undefined);
    await cluster.startKubelet();
    await expect
      .poll(async () => (await runtime.observePod(forgotten.metadata.uid)).containers.length, {
        timeout: 10_000,
      })
      .toBe(0);
    // The same container, still the first run, and never reported as anything else.
    const after = await cluster.pod('kept');
    expect(main(after)).toEqual(main(before));
    expect(after.status?.podIP).toBe(before.status?.podIP);
    expect(changes.every(isReady)).toBe(true);
    abort.abort();
    await watching;
    // It is in the kubelet's hands again: a kill is seen and repaired.
    const [run] = (await runtime.observePod(after.metadata.uid)).containers;
    await runtime.stopContainer(run?.id ?? '', 0);
    const again = await cluster.until('kept', (pod) => main(pod)?.restartCount === 1 && isReady(pod));
    expect(main(again)?.lastState?.terminated?.exitCode).toBe(137);
    await remove('kept');
    await cluster.untilGone('kept');
  });
});
