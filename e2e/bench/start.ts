import { EtcdProcess } from '../../apps/server/src/store/etcd/testing/etcd-process';
import { startBareServer } from './lib/bare-server';
import { kubernetes, median, printReport } from './lib/report';
import { startBenchServer } from './lib/server';

/** From the start of the API server's process until it is ready, beside the start of a bare Node HTTPS server. */
const ROUNDS = 5;

async function timed(start: () => Promise<{ stop(): Promise<void> }>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    const server = await start();
    times.push((performance.now() - started) / 1000);
    await server.stop();
  }
  return median(times);
}

const etcd = await EtcdProcess.start();
try {
  const args = ['--components', 'api', '--store', `etcd:${etcd.endpoint}`];
  const measured = await timed(() => startBenchServer(process.cwd(), args));
  const baseline = await timed(() => startBareServer('{}'));
  printReport([
    {
      name: 'start of the API server until ready',
      value: measured,
      unit: 's',
      lowerIsBetter: true,
      baselines: [{ name: 'bare Node HTTPS', value: baseline }, kubernetes(5.6)],
    },
  ]);
} finally {
  await etcd.dispose();
}
