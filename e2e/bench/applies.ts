import { COLLECTION, CONCURRENCY, createObjects, OBJECT, withApiServer } from './lib/api-bench';
import { cpuOf } from './lib/process-usage';
import { type Figure, printReport } from './lib/report';

/** Server-side apply over HTTPS: objects that it creates and objects that it changes, beside plain creates. */
const WARM_UP = 1_000;
const OBJECTS = 6_000;

await withApiServer(async ({ server, load }) => {
  const apply = async (name: string, body: string, count: number) => {
    const { result, cpuMicros } = await cpuOf(server.pid, count, () =>
      load.requests({
        ...server,
        method: 'PATCH',
        path: `${COLLECTION}/${name}?fieldManager=bench`,
        contentType: 'application/apply-patch+yaml',
        body: body.replace('bench-{i}', name),
        connections: CONCURRENCY,
        first: 0,
        count,
      }),
    );
    const [report] = result;
    if (!report || report.refused > 0) throw new Error(`${report?.refused} applies were refused`);
    return { value: count / report.seconds, cpuMicros };
  };
  await createObjects({ server, load }, { first: 0, count: WARM_UP });
  await apply('warm-{i}', OBJECT, WARM_UP);
  const plain = await cpuOf(server.pid, OBJECTS, () =>
    createObjects({ server, load }, { first: WARM_UP, count: OBJECTS }),
  );
  const created = await apply('applied-{i}', OBJECT, OBJECTS);
  const changed = await apply('applied-{i}', OBJECT.replace('{turn}', 'again {turn}'), OBJECTS);
  const figure = (name: string, measured: typeof created): Figure => ({
    name: `${name}, ${CONCURRENCY} in flight`,
    unit: '/s',
    ...measured,
    baselines: [
      { name: `plain creates (${Math.round(plain.cpuMicros)} µs)`, value: OBJECTS / plain.result.seconds },
    ],
  });
  printReport([figure('applies that create', created), figure('applies that change', changed)]);
});
