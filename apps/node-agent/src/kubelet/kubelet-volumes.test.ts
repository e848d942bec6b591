import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@wheelhouse/shared/clock';
import { isNotFound } from '@wheelhouse/shared/errors';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import { persistentVolumeClaimKind } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import {
  HOST_PATH_DRIVER,
  HOST_PATH_FINALIZER,
  HOST_PATH_NODE_LABEL,
} from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { Container, Pod } from 'kubernetes-types/core/v1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProcessRuntime } from '../runtime/process/process-runtime';
import { createTestCluster, type TestCluster } from './testing/cluster';

const NAMESPACE = 'default';
const sh = (script: string, rest: Partial<Container> = {}): Container => ({
  name: 'main',
  image: 'host:1',
  command: ['/bin/sh', '-c', script],
  ...rest,
});
const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.1 & wait $!; done';
const isRunning = ({ status }: Pod) => status?.phase === 'Running';

describe('volumes in running pods', { timeout: 30_000 }, () => {
  let cluster: TestCluster;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-kubelet-volumes-'));
    const runtime = await createProcessRuntime({
      directory: join(directory, 'processes'),
      clock: systemClock,
    });
    cluster = await createTestCluster({ runtime, podCidr: `127.${100 + (process.pid % 50)}.9.0/24` });
  });

  afterAll(async () => {
    await cluster?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const volumeFile = (uid: string, ...path: string[]) =>
    readFile(join(cluster.directory, 'node', 'pods', uid, 'volumes', ...path), 'utf8');

  /** Until the program itself has seen a text in a file. */
  const seesLater = (file: string, text: string) =>
    `until grep -q ${text} ${file}; do sleep 0.05; done; echo seen`;

  test('a config map that changes shows in its pods, the missing optional one when it comes', async () => {
    const metadata = { name: 'settings', namespace: NAMESPACE };
    await cluster.client.create(configMapKind, { metadata, data: { mode: 'before' } });
    const volumeMounts = [
      { name: 'settings', mountPath: '/settings' },
      { name: 'late', mountPath: '/late' },
    ];
    await cluster.createPod('watcher', {
      restartPolicy: 'Never',
      containers: [
        sh(
          `${seesLater('$WHEELHOUSE_VOLUME_SETTINGS/mode', 'after')} && ${seesLater('$WHEELHOUSE_VOLUME_LATE/key', 'here')}`,
          { volumeMounts },
        ),
      ],
      volumes: [
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'late', configMap: { name: 'late', optional: true } },
      ],
    });
    await cluster.until('watcher', isRunning);
    await cluster.client.update(configMapKind, { metadata, data: { mode: 'after' } });
    await cluster.client.create(configMapKind, {
      metadata: { name: 'late', namespace: NAMESPACE },
      data: { key: 'here' },
    });
    await cluster.until('watcher', ({ status }) => status?.phase === 'Succeeded');
  });

  test('labels that change show in downward files', async () => {
    await cluster.createPod(
      'labelled',
      {
        restartPolicy: 'Never',
        containers: [
          sh(seesLater('$WHEELHOUSE_VOLUME_INFO/labels', 'blue'), {
            volumeMounts: [{ name: 'info', mountPath: '/info' }],
          }),
        ],
        volumes: [
          {
            name: 'info',
            downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
          },
        ],
      },
      { colour: 'green' },
    );
    await cluster.until('labelled', isRunning);
    await cluster.client.patch(
      podKind,
      { namespace: NAMESPACE, name: 'labelled' },
      { type: 'merge', body: { metadata: { labels: { colour: 'blue' } } } },
    );
    await cluster.until('labelled', ({ status }) => status?.phase === 'Succeeded');
  });

  test('a claim keeps its data from pod to pod, until its volume goes', async () => {
    const claim = await cluster.client.create(persistentVolumeClaimKind, {
      metadata: { name: 'data', namespace: NAMESPACE },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    const pod = (script: string) => ({
      restartPolicy: 'Never',
      containers: [sh(script, { volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    });
    await cluster.createPod('writer', pod('echo kept > $WHEELHOUSE_VOLUME_DATA/file'));
    await cluster.until('writer', ({ status }) => status?.containerStatuses?.[0]?.state !== undefined);

    // What the binder and the provisioner do, while the pod waits for it.
    const volume = await cluster.client.create(persistentVolumeKind, {
      metadata: {
        name: 'pvc-test',
        labels: { [HOST_PATH_NODE_LABEL]: cluster.nodeName },
        finalizers: [HOST_PATH_FINALIZER],
      },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        csi: { driver: HOST_PATH_DRIVER, volumeHandle: 'pvc-test' },
        claimRef: { namespace: NAMESPACE, name: 'data', uid: claim.metadata.uid },
      },
    });
    const bound = await cluster.client.update(persistentVolumeClaimKind, {
      ...claim,
      spec: { ...claim.spec, volumeName: 'pvc-test' },
    });
    await cluster.client.update(
      persistentVolumeClaimKind,
      { ...bound, status: { phase: 'Bound', capacity: { storage: '1Gi' } } },
      { subresource: 'status' },
    );
    await cluster.until('writer', ({ status }) => status?.phase === 'Succeeded');
    expect(await cluster.events('writer')).toContainEqual(expect.stringContaining('FailedMount'));
    await cluster.client.delete(podKind, { namespace: NAMESPACE, name: 'writer' });
    await cluster.untilGone('writer');

    await cluster.createPod('reader', pod('grep -q kept $WHEELHOUSE_VOLUME_DATA/file'));
    await cluster.until('reader', ({ status }) => status?.phase === 'Succeeded');
    await cluster.client.delete(podKind, { namespace: NAMESPACE, name: 'reader' });
    await cluster.untilGone('reader');

    const volumes = join(cluster.directory, 'node', 'volumes');
    expect(await readdir(volumes)).toEqual(['pvc-test']);
    await cluster.client.delete(persistentVolumeKind, { name: 'pvc-test' });
    await untilGone(volume.metadata.name);
    expect(await readdir(volumes).catch(() => [])).toEqual([]);
  });

  async function untilGone(name: string): Promise<void> {
    const abort = new AbortController();
    try {
      const watch = cluster.client.watch(persistentVolumeKind, { signal: abort.signal });
      const gone = await cluster.client.get(persistentVolumeKind, { name }).then(
        () => false,
        (error: unknown) => isNotFound(error),
      );
      if (gone) return;
      for await (const { type, object } of watch) {
        if (type === 'DELETED' && object.metadata.name === name) return;
      }
    } finally {
      abort.abort();
    }
  }

  test('a volume on another node is not mistaken for an empty one', async () => {
    const claim = await cluster.client.create(persistentVolumeClaimKind, {
      metadata: { name: 'far', namespace: NAMESPACE },
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        volumeName: 'far',
      },
    });
    await cluster.client.create(persistentVolumeKind, {
      metadata: { name: 'far', labels: { [HOST_PATH_NODE_LABEL]: 'elsewhere' } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        csi: { driver: HOST_PATH_DRIVER, volumeHandle: 'far' },
        claimRef: { namespace: NAMESPACE, name: 'far', uid: claim.metadata.uid },
      },
    });
    await cluster.client.update(
      persistentVolumeClaimKind,
      { ...claim, status: { phase: 'Bound' } },
      { subresource: 'status' },
    );
    const made = await cluster.createPod('lost', {
      containers: [sh(FOREVER, { volumeMounts: [{ name: 'data', mountPath: '/data' }] })],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'far' } }],
    });
    await expect
      .poll(() => cluster.events('lost'), { timeout: 10_000 })
      .toContainEqual(expect.stringContaining('persistentvolume "far" is on another node'));
    await expect(volumeFile(made.metadata.uid, 'data')).rejects.toThrow();
  });
});
