import { type Pod, podKind } from '@wheelhouse/shared/kinds/core/pod';
import Docker from 'dockerode';
import { openApi } from '../support/api';
import { helloContainer } from '../support/manifests';
import { startWheelhouse } from '../support/wheelhouse';
import { median, printReport } from './lib/report';

/** From the create of a pod to its status Running, on Docker with the image there; beside Docker's own start. */
const ROUNDS = 10;

const cluster = await startWheelhouse({ args: ['--nodes', '1', '--no-demo'] });
const api = await openApi(cluster.dataDir);
try {
  const pod = (name: string): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ ...helloContainer, readinessProbe: undefined }],
    },
  });
  const untilRunning = async (name: string): Promise<number> => {
    const watch = api.client.watch<Pod>(podKind, {
      namespace: 'default',
      fieldSelector: `metadata.name=${name}`,
    });
    const started = performance.now();
    await api.client.create(podKind, pod(name));
    for await (const event of watch) if (event.object.status?.phase === 'Running') break;
    return performance.now() - started;
  };
  // The first one makes the image.
  await untilRunning('warm-up');
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) times.push(await untilRunning(`round-${round}`));

  const docker = new Docker();
  const bare: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    const container = await docker.createContainer({
      Image: 'wheelhouse/hello:1',
      Labels: { 'wheelhouse-bench': '1' },
    });
    await container.start();
    bare.push(performance.now() - started);
    await container.remove({ force: true });
  }
  printReport([
    {
      name: 'pod create to Running (median)',
      value: median(times),
      unit: 'ms',
      lowerIsBetter: true,
      baselines: [{ name: 'docker create and start (median)', value: median(bare) }],
    },
    { name: 'pod create to Running (slowest)', value: Math.max(...times), unit: 'ms' },
  ]);
} finally {
  await api.close();
  await cluster.stop();
}
