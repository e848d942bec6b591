import { Etcd3, type ITxnRequest } from 'etcd3';
import { CONCURRENCY, createObjects, OBJECT, OBJECT_BYTES, withApiServer } from './lib/api-bench';
import { startBareServer } from './lib/bare-server';
import { filler, throughput } from './lib/load';
import { cpuOf } from './lib/process-usage';
import { kubernetes, printReport } from './lib/report';

/** Creates over HTTPS with the objects in etcd, beside raw etcd and a bare Node HTTPS server that takes the same posts. */
const WARM_UP = 2_000;
const CREATES = 12_000;
const GROUP = 120;

const value = Buffer.from(filler(OBJECT_BYTES));

/** As many creates as travel in one transaction, each with a compare of its own. */
function transaction(group: number): ITxnRequest {
  return {
    success: Array.from({ length: GROUP }, (_, index) => {
      const key = Buffer.from(`/grouped/${group}/${index}`);
      return {
        request_txn: {
          compare: [{ key, target: 'Mod', result: 'Equal', mod_revision: 0 }],
          success: [{ request_put: { key, value } }],
        },
      };
    }),
  };
}

await withApiServer(async ({ etcd, server, load }) => {
  const raw = new Etcd3({ hosts: etcd.endpoint });
  const single = await throughput(CREATES / 3, CONCURRENCY, async (index) =>
    raw.put(`/single/${index}`).value(value),
  );
  const grouped = GROUP * (await throughput(CREATES / GROUP, 2, (group) => raw.kv.txn(transaction(group))));
  raw.close();
  const bare = await startBareServer(OBJECT);
  await createObjects({ server, load }, { first: 0, count: WARM_UP });
  const { result, cpuMicros } = await cpuOf(server.pid, CREATES, () =>
    createObjects({ server, load }, { first: WARM_UP, count: CREATES }),
  );
  const [posted] = await load.requests({
    ...bare,
    method: 'POST',
    path: '/',
    body: OBJECT,
    connections: CONCURRENCY,
    first: 0,
    count: CREATES,
  });
  await bare.stop();
  printReport([
    {
      name: `creates, ${CONCURRENCY} in flight`,
      value: CREATES / result.seconds,
      unit: '/s',
      cpuMicros,
      baselines: [
        { name: 'raw etcd, one by one', value: single },
        { name: `raw etcd, ${GROUP} a transaction`, value: grouped },
        { name: 'bare Node HTTPS, same posts', value: CREATES / (posted?.seconds ?? Number.NaN) },
        kubernetes(1_070),
      ],
    },
  ]);
});
