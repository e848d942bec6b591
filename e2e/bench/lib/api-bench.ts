import { EtcdProcess } from '../../../apps/server/src/store/etcd/testing/etcd-process';
import { filler } from './load';
import { LoadClient } from './load-client';
import { type BenchServer, startBenchServer } from './server';

/** Requests that are under way at a time wherever a rate is measured. */
export const CONCURRENCY = 64;
/** About the size of a pod. */
export const OBJECT_BYTES = 1_500;
export const COLLECTION = '/api/v1/namespaces/default/configmaps';

/** The text of an object of the usual size; `{i}` and `{turn}` are the load client's. */
export const OBJECT = JSON.stringify({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'bench-{i}' },
  data: { text: filler(OBJECT_BYTES - 300), turn: '{turn}' },
});

export interface ApiBench {
  readonly etcd: EtcdProcess;
  readonly server: BenchServer;
  readonly load: LoadClient;
}

/** An API server alone, its objects in etcd, and a client in a process of its own. The repository is where we are. */
export async function withApiServer(measure: (bench: ApiBench) => Promise<void>): Promise<void> {
  const etcd = await EtcdProcess.start();
  try {
    const args = ['--components', 'api', '--store', `etcd:${etcd.endpoint}`];
    const server = await startBenchServer(process.cwd(), args);
    try {
      const load = await LoadClient.start(process.cwd());
      try {
        await measure({ etcd, server, load });
      } finally {
        await load.stop();
      }
    } finally {
      await server.stop();
    }
  } finally {
    await etcd.dispose();
  }
}

/** Creates objects with the numbers from `first` on. */
export async function createObjects(
  { server, load }: Pick<ApiBench, 'server' | 'load'>,
  range: { readonly first: number; readonly count: number },
  kind: { readonly path: string; readonly body: string } = { path: COLLECTION, body: OBJECT },
) {
  const [report] = await load.requests({
    ...server,
    method: 'POST',
    connections: CONCURRENCY,
    ...kind,
    ...range,
  });
  if (!report || report.refused > 0) throw new Error(`${report?.refused} creates were refused`);
  return report;
}
