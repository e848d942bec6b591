import { EtcdProcess } from '../../apps/server/src/store/etcd/testing/etcd-process';
import { throughput } from './lib/load';
import { cpuOf } from './lib/process-usage';
import { type Figure, kubernetes, printReport } from './lib/report';
import { type BenchServer, startBenchServer } from './lib/server';

/** Pods bound per second on 1,000 simulated nodes, end to end: created over HTTPS, scheduled, bound, stored. */
const NODES = 1_000;
const PODS = 5_000;
const CONCURRENCY = 64;

const node = (index: number) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: `bench-${index}`,
    labels: {
      'kubernetes.io/hostname': `bench-${index}`,
      'topology.kubernetes.io/zone': `zone-${index % 3}`,
    },
  },
});
const nodeStatus = {
  status: {
    capacity: { cpu: '4', memory: '32Gi', pods: '110' },
    allocatable: { cpu: '4', memory: '32Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'simulated' }],
  },
};
const pod = (name: string, schedulerName: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'bench' } },
  spec: {
    schedulerName,
    containers: [
      {
        name: 'pause',
        image: 'wheelhouse/pause:1',
        resources: { requests: { cpu: '100m', memory: '500Mi' } },
      },
    ],
  },
});

const pods = '/api/v1/namespaces/default/pods';

/** Whether no pod of ours waits for a node any more. */
async function allBound(server: BenchServer): Promise<boolean> {
  const waiting = encodeURIComponent('spec.nodeName=,spec.schedulerName=default-scheduler');
  const answer = (await server.json('GET', `${pods}?fieldSelector=${waiting}&limit=1`)) as {
    items: unknown[];
  };
  return answer.items.length === 0;
}

/** Creates that nobody schedules: what the API alone can do, on the same store. */
async function createsAlone(server: BenchServer): Promise<number> {
  return throughput(PODS, CONCURRENCY, (index) => server.json('POST', pods, pod(`idle-${index}`, 'nobody')));
}

async function scheduled(server: BenchServer): Promise<number> {
  const started = performance.now();
  await throughput(PODS, CONCURRENCY, (index) =>
    server.json('POST', pods, pod(`pod-${index}`, 'default-scheduler')),
  );
  const deadline = Date.now() + 120_000;
  while (!(await allBound(server))) {
    if (Date.now() > deadline) throw new Error('pods still wait for a node after 120 s');
  }
  return PODS / ((performance.now() - started) / 1000);
}

/** Nodes that take pods: until the node lifecycle controller, which does not run here, lets them, new ones do not. */
async function addNodes(server: BenchServer): Promise<void> {
  const patch = (path: string, body: object) =>
    server.pool
      .request({
        method: 'PATCH',
        path,
        headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/merge-patch+json' },
        body: JSON.stringify(body),
      })
      .then(({ body: answer }) => answer.dump());
  await throughput(NODES, CONCURRENCY, async (index) => {
    await server.json('POST', '/api/v1/nodes', node(index));
    await patch(`/api/v1/nodes/bench-${index}/status`, nodeStatus);
    await patch(`/api/v1/nodes/bench-${index}`, { spec: { taints: null } });
  });
}

async function figureOn(store: string, args: readonly string[]): Promise<Figure> {
  const server = await startBenchServer(process.cwd(), ['--components', 'api,scheduler', ...args]);
  try {
    await addNodes(server);
    const baseline = await createsAlone(server);
    const { result: value, cpuMicros } = await cpuOf(server.pid, PODS, () => scheduled(server));
    return {
      name: `pods created and bound, ${NODES} nodes, ${store}`,
      value,
      unit: '/s',
      cpuMicros,
      baselines: [{ name: 'pod creates that nobody schedules', value: baseline }, kubernetes(182)],
    };
  } finally {
    await server.stop();
  }
}

const etcd = await EtcdProcess.start();
try {
  printReport([
    await figureOn('etcd', ['--store', `etcd:${etcd.endpoint}`]),
    await figureOn('embedded store', []),
  ]);
} finally {
  await etcd.dispose();
}
