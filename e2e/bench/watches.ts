import { COLLECTION, CONCURRENCY, createObjects, OBJECT, withApiServer } from './lib/api-bench';
import { startBareServer } from './lib/bare-server';
import { LoadClient } from './lib/load-client';
import type { Target } from './lib/load-messages';
import { cpuOf, residentMegabytes } from './lib/process-usage';
import { kubernetes, printReport } from './lib/report';

/** Events delivered to many watchers of a namespace while its objects are written, and what stays when they leave. */
const WATCHERS = 1_000;
const EVENTS = 1_000;

async function deliver(
  load: LoadClient,
  watched: Target & { readonly path: string; readonly pid: number },
  cause: () => Promise<unknown>,
) {
  await load.watch({ ...watched, watchers: WATCHERS });
  return cpuOf(watched.pid, WATCHERS * EVENTS, async () => {
    const seconds = load.delivered(WATCHERS * EVENTS);
    await cause();
    return seconds;
  });
}

await withApiServer(async ({ server, load }) => {
  const writer = await LoadClient.start(process.cwd());
  await createObjects({ server, load }, { first: 0, count: CONCURRENCY });
  const settled = residentMegabytes(server.pid);
  const measured = await deliver(load, { ...server, path: `${COLLECTION}?watch=true` }, () =>
    writer.requests({
      ...server,
      method: 'PUT',
      path: `${COLLECTION}/bench-{i}`,
      // Each writes its own object again and again.
      body: OBJECT.replace('{turn}', 'again {turn}'),
      connections: CONCURRENCY,
      first: 0,
      count: EVENTS,
      modulo: CONCURRENCY,
    }),
  );
  const crowded = residentMegabytes(server.pid);
  await load.closeWatches();
  const event = JSON.stringify({
    type: 'MODIFIED',
    object: await server.json('GET', `${COLLECTION}/bench-0`),
  });
  const bare = await startBareServer(event);
  const baseline = await deliver(load, { ...bare, path: '/watch' }, async () => {
    for (let turn = 0; turn < EVENTS; turn++) bare.send(event);
  });
  await load.closeWatches();
  await writer.stop();
  await bare.stop();
  printReport([
    {
      name: `watch events to ${WATCHERS} watchers`,
      value: (WATCHERS * EVENTS) / measured.result,
      unit: '/s',
      cpuMicros: measured.cpuMicros,
      baselines: [
        { name: 'bare Node HTTPS, a write each', value: (WATCHERS * EVENTS) / baseline.result },
        kubernetes(47_000),
      ],
    },
    {
      name: 'CPU of the server for an event',
      value: measured.cpuMicros,
      unit: 'µs',
      lowerIsBetter: true,
      baselines: [{ name: 'bare Node HTTPS, a write each', value: baseline.cpuMicros }],
    },
    { name: `memory with ${WATCHERS} watchers`, value: crowded, unit: 'MB' },
    {
      name: 'memory after they have left',
      value: residentMegabytes(server.pid),
      unit: 'MB',
      lowerIsBetter: true,
      baselines: [{ name: 'before they came', value: settled }],
    },
  ]);
});
