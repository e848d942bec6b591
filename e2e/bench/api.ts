import { Etcd3 } from 'etcd3';
import { Pool } from 'undici';
import { EtcdProcess } from '../../apps/server/src/store/etcd/testing/etcd-process';
import { type BareServer, startBareServer } from './lib/bare-server';
import { filler, throughput } from './lib/load';
import { type Figure, printReport } from './lib/report';
import { type BenchServer, startBenchServer } from './lib/server';
import { deliveriesPerSecond } from './lib/watchers';

/** Creates, gets and watches over HTTPS with the objects in etcd, beside raw etcd and a bare Node HTTPS server. */
const CONCURRENCY = 64;
const CREATES = 8_000;
const GETS = 20_000;
const WATCHERS = 1_000;
const EVENTS = 100;
/** About the size of a pod. */
const OBJECT_BYTES = 1_500;
const COLLECTION = '/api/v1/namespaces/default/configmaps';

const configMap = (index: number, turn = 0) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `bench-${index}` },
  data: { text: filler(OBJECT_BYTES - 300), turn: String(turn) },
});

async function creates(server: BenchServer, etcd: EtcdProcess): Promise<Figure> {
  const raw = new Etcd3({ hosts: etcd.endpoint });
  const value = Buffer.from(filler(OBJECT_BYTES));
  const baseline = await throughput(CREATES, CONCURRENCY, async (index) =>
    raw.put(`/bench/${index}`).value(value),
  );
  raw.close();
  const measured = await throughput(CREATES, CONCURRENCY, (index) =>
    server.json('POST', COLLECTION, configMap(index)),
  );
  return {
    name: `creates, ${CONCURRENCY} in flight`,
    value: measured,
    unit: '/s',
    baseline: { name: 'raw etcd puts of the same size', value: baseline },
  };
}

async function gets(server: BenchServer, bare: BareServer): Promise<Figure> {
  const get = async (pool: Pool, path: string, token: string) => {
    const { body } = await pool.request({
      method: 'GET',
      path,
      headers: { authorization: `Bearer ${token}` },
    });
    await body.dump();
  };
  const measured = await throughput(GETS, CONCURRENCY, (index) =>
    get(server.pool, `${COLLECTION}/bench-${index % CREATES}`, server.token),
  );
  const pool = new Pool(bare.url, { connect: { ca: bare.ca }, connections: CONCURRENCY });
  const baseline = await throughput(GETS, CONCURRENCY, () => get(pool, '/', 'none'));
  await pool.destroy();
  return {
    name: `gets, ${CONCURRENCY} in flight`,
    value: measured,
    unit: '/s',
    baseline: { name: 'bare Node HTTPS, same bytes', value: baseline },
  };
}

async function watches(server: BenchServer, bare: BareServer): Promise<Figure> {
  const load = { watchers: WATCHERS, events: EVENTS };
  const measured = await deliveriesPerSecond({
    ...load,
    url: server.url,
    ca: server.ca,
    token: server.token,
    path: `${COLLECTION}?watch=true&fieldSelector=metadata.name%3Dbench-0`,
    cause: (index) => server.json('PUT', `${COLLECTION}/bench-0`, configMap(0, index + 1)),
  });
  const event = JSON.stringify({
    type: 'MODIFIED',
    object: await server.json('GET', `${COLLECTION}/bench-0`),
  });
  const baseline = await deliveriesPerSecond({
    ...load,
    url: bare.url,
    ca: bare.ca,
    token: 'none',
    path: '/watch',
    cause: async () => bare.send(event),
  });
  return {
    name: `watch events to ${WATCHERS} watchers`,
    value: measured,
    unit: '/s',
    baseline: { name: 'bare Node HTTPS, same bytes', value: baseline },
  };
}

const etcd = await EtcdProcess.start();
try {
  const server = await startBenchServer(process.cwd(), [
    '--components',
    'api',
    '--store',
    `etcd:${etcd.endpoint}`,
  ]);
  try {
    const created = await creates(server, etcd);
    const bare = await startBareServer(JSON.stringify(await server.json('GET', `${COLLECTION}/bench-1`)));
    try {
      printReport([created, await gets(server, bare), await watches(server, bare)]);
    } finally {
      await bare.stop();
    }
  } finally {
    await server.stop();
  }
} finally {
  await etcd.dispose();
}
