import { COLLECTION, CONCURRENCY, createObjects, withApiServer } from './lib/api-bench';
import { startBareServer } from './lib/bare-server';
import { cpuOf } from './lib/process-usage';
import { kubernetes, printReport } from './lib/report';

/** Consistent gets over HTTPS, beside a bare Node HTTPS server that answers with the same bytes. */
const OBJECTS = 2_000;
const WARM_UP = 5_000;
const GETS = 40_000;

await withApiServer(async ({ server, load }) => {
  await createObjects({ server, load }, { first: 0, count: OBJECTS });
  const bare = await startBareServer(JSON.stringify(await server.json('GET', `${COLLECTION}/bench-1`)));
  const gets = (path: string, target: typeof bare | typeof server, count: number) =>
    load.requests({
      ...target,
      method: 'GET',
      path,
      connections: CONCURRENCY,
      first: 0,
      count,
      modulo: OBJECTS,
    });
  await gets(`${COLLECTION}/bench-{i}`, server, WARM_UP);
  await gets('/', bare, WARM_UP);
  const measured = await cpuOf(server.pid, GETS, () => gets(`${COLLECTION}/bench-{i}`, server, GETS));
  const baseline = await cpuOf(bare.pid, GETS, () => gets('/', bare, GETS));
  await bare.stop();
  const [own] = measured.result;
  const [other] = baseline.result;
  if (!own || !other || own.refused > 0) throw new Error('gets were refused');
  printReport([
    {
      name: `gets, ${CONCURRENCY} in flight`,
      value: GETS / own.seconds,
      unit: '/s',
      cpuMicros: measured.cpuMicros,
      baselines: [{ name: 'bare Node HTTPS, same bytes', value: GETS / other.seconds }, kubernetes(2_870)],
    },
    {
      name: 'CPU of the server for a get',
      value: measured.cpuMicros,
      unit: 'µs',
      lowerIsBetter: true,
      baselines: [{ name: 'bare Node HTTPS, same bytes', value: baseline.cpuMicros }],
    },
    { name: 'p99 of these gets', value: own.p99, unit: 'ms' },
  ]);
});
