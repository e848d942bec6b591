import { type ApiBench, createObjects, OBJECT_BYTES, withApiServer } from './lib/api-bench';
import { startBareServer } from './lib/bare-server';
import { filler } from './lib/load';
import { LoadClient } from './lib/load-client';
import type { Target } from './lib/load-messages';
import { cpuOf, residentMegabytes } from './lib/process-usage';
import { kubernetes, median, printReport } from './lib/report';

/** Lists of many pods, how gets fare beside them, and what the pods cost in memory. */
const PODS = 18_000;
const LISTS = 12;
/** Clients that list everything without a pause while gets are timed. */
const LISTERS = 4;
const GET_SECONDS = 8;
const PATH = '/api/v1/namespaces/default/pods';

const POD = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'bench-{i}',
    labels: { app: 'bench' },
    annotations: { text: filler(OBJECT_BYTES - 900) },
  },
  spec: {
    schedulerName: 'nobody',
    containers: [
      {
        name: 'pause',
        image: 'wheelhouse/pause:1',
        resources: { requests: { cpu: '100m', memory: '500Mi' } },
      },
    ],
  },
});

async function one(load: ApiBench['load'], order: Target & { readonly path: string }) {
  const [report] = await load.requests({ ...order, method: 'GET', connections: 1, first: 0, count: 1 });
  if (!report || report.refused > 0) throw new Error(`GET ${order.path} was refused`);
  return report;
}

/** One after the other, so that each is alone. */
async function lists(load: ApiBench['load'], order: Target & { readonly path: string }) {
  const times: number[] = [];
  for (let turn = 0; turn < LISTS; turn++) times.push((await one(load, order)).max);
  return median(times);
}

await withApiServer(async ({ server, load }) => {
  const empty = residentMegabytes(server.pid);
  await createObjects({ server, load }, { first: 0, count: PODS }, { path: PATH, body: POD });
  const full = residentMegabytes(server.pid);
  const pod = JSON.stringify(await server.json('GET', `${PATH}/bench-1`));
  const bare = await startBareServer(pod);
  await one(load, { ...bare, path: `/many/${PODS}` });
  await one(load, { ...server, path: PATH });
  const measured = await cpuOf(server.pid, LISTS, () => lists(load, { ...server, path: PATH }));
  const baseline = await cpuOf(bare.pid, LISTS, () => lists(load, { ...bare, path: `/many/${PODS}` }));
  // Timed by another process than the one that is busy with lists.
  const other = await LoadClient.start(process.cwd());
  const beside = async (target: typeof bare | typeof server, get: string, list: string) => {
    const endless = { ...target, method: 'GET', first: 0, count: 1e9 };
    const listed = load.requests({
      ...endless,
      path: list,
      connections: LISTERS,
      seconds: GET_SECONDS + 1,
    });
    const [timed] = await other.requests({
      ...endless,
      path: get,
      connections: 4,
      seconds: GET_SECONDS,
      pauseMs: 5,
    });
    await listed;
    return timed?.p99 ?? Number.NaN;
  };
  const quiet = await beside(bare, '/', `/many/${PODS}`);
  const crowded = await beside(server, `${PATH}/bench-1`, PATH);
  await other.stop();
  await bare.stop();
  printReport([
    {
      name: `list of ${PODS} pods`,
      value: measured.result,
      unit: 'ms',
      cpuMicros: measured.cpuMicros,
      lowerIsBetter: true,
      baselines: [{ name: 'bare Node HTTPS, same bytes', value: baseline.result }, kubernetes(700)],
    },
    {
      name: 'CPU of the server for a list',
      value: measured.cpuMicros / 1000,
      unit: 'ms',
      lowerIsBetter: true,
      baselines: [{ name: 'bare Node HTTPS, same bytes', value: baseline.cpuMicros / 1000 }],
    },
    {
      name: `p99 of gets beside ${LISTERS} who list everything`,
      value: crowded,
      unit: 'ms',
      lowerIsBetter: true,
      baselines: [{ name: 'bare Node HTTPS, same bytes', value: quiet }],
    },
    {
      name: `memory with ${PODS} pods`,
      value: full,
      unit: 'MB',
      lowerIsBetter: true,
      baselines: [kubernetes(1_900)],
    },
    { name: 'memory for a stored pod', value: ((full - empty) * 1024) / PODS, unit: 'KB' },
    { name: 'size of its JSON', value: pod.length / 1024, unit: 'KB' },
    { name: 'memory after the lists', value: residentMegabytes(server.pid), unit: 'MB' },
  ]);
});
