import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@wheelhouse/shared/clock';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Pod } from 'kubernetes-types/core/v1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProcessRuntime } from '../runtime/process/process-runtime';
import { createTestCluster, type TestCluster } from './testing/cluster';

const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.1 & wait $!; done';
const debugging = ({ status }: Pod) => status?.ephemeralContainerStatuses?.[0];

describe('containers for debugging', { timeout: 30_000 }, () => {
  let cluster: TestCluster;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-kubelet-ephemeral-'));
    const runtime = await createProcessRuntime({
      directory: join(directory, 'processes'),
      clock: systemClock,
    });
    cluster = await createTestCluster({ runtime, podCidr: `127.${150 + (process.pid % 50)}.11.0/24` });
  });

  afterAll(async () => {
    await cluster?.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('run once in a running pod, and are never restarted', async () => {
    await cluster.createPod('patient', {
      containers: [{ name: 'main', image: 'host:1', command: ['/bin/sh', '-c', FOREVER] }],
    });
    await cluster.until('patient', ({ status }) => status?.phase === 'Running');
    const patch = (body: object) =>
      cluster.client.patch(
        podKind,
        { namespace: 'default', name: 'patient' },
        { type: 'strategic', body },
        { subresource: 'ephemeralcontainers' },
      );
    const doctor = {
      name: 'doctor',
      image: 'host:1',
      command: ['/bin/sh', '-c', 'echo looked; exit 4'],
      targetContainerName: 'main',
    };
    await patch({ spec: { ephemeralContainers: [doctor] } });
    const seen = await cluster.until('patient', (pod) => debugging(pod)?.state?.terminated !== undefined);
    expect(debugging(seen)).toMatchObject({
      name: 'doctor',
      restartCount: 0,
      state: { terminated: { exitCode: 4 } },
    });
    expect(seen.status?.phase).toBe('Running');
    const { body } = await cluster.ask('/containerLogs/default/patient/doctor');
    expect(body).toBe('looked\n');

    await expect(patch({ spec: { ephemeralContainers: [{ ...doctor, image: 'x' }] } })).rejects.toMatchObject(
      {
        code: 422,
      },
    );
    await expect(
      patch({
        spec: { ephemeralContainers: [{ name: 'busy', image: 'host:1', ports: [{ containerPort: 1 }] }] },
      }),
    ).rejects.toMatchObject({ code: 422 });
  });
});
