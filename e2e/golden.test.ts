import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdProcess } from '../apps/server/src/store/etcd/testing/etcd-process';
import { type ApiProcess, startApi } from './support/api-process';
import { removeDirectory } from './support/wheelhouse';

/** Recorded answers of a real Kubernetes API server; they lie beside the repository where it is developed. */
const corpus = fileURLToPath(new URL('../../shared/golden/', import.meta.url));

interface Report {
  readonly tally: { readonly steps: number; readonly equal: number };
  readonly steps: readonly {
    readonly scenario: string;
    readonly step: string;
    readonly equal: boolean;
    readonly diffs: readonly unknown[];
  }[];
}

/** Replays the whole corpus; a report even where steps differ. */
async function replay(server: ApiProcess, directory: string, name: string): Promise<Report> {
  const reportFile = join(directory, `${name}-report.json`);
  const args = ['run.mjs', server.url, server.token, '--check', 'recorded'];
  const said = await new Promise<string>((resolve) =>
    execFile(
      process.execPath,
      [...args, '--json', reportFile],
      { cwd: corpus, maxBuffer: 16 * 1024 * 1024 },
      // Its exit code says what the report says in full.
      (_error, stdout, stderr) => resolve(stdout + stderr),
    ),
  );
  if (!existsSync(reportFile)) throw new Error(`no report: ${said}`);
  return JSON.parse(await readFile(reportFile, 'utf8'));
}

describe.skipIf(!existsSync(join(corpus, 'run.mjs')))('answers as Kubernetes does', () => {
  let directory: string;
  let etcd: EtcdProcess;
  const servers: ApiProcess[] = [];
  const reports = new Map<string, Promise<Report>>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-golden-'));
    etcd = await EtcdProcess.start();
    for (const [name, store] of [
      ['embedded', 'embedded'],
      ['etcd', `etcd:${etcd.endpoint}`],
    ] as const) {
      const server = await startApi('--components', 'api', '--store', store);
      servers.push(server);
      // Both at once: nearly all of a replay is waiting for what should not happen.
      reports.set(name, replay(server, directory, name));
    }
  });
  afterAll(async () => {
    await Promise.allSettled(reports.values());
    await Promise.all(servers.map((server) => server.stop()));
    await etcd?.dispose();
    await removeDirectory(directory);
  });

  it.each(['embedded', 'etcd'])('on the %s store', async (name) => {
    const { tally, steps } = (await reports.get(name)) ?? { tally: { steps: 0, equal: 0 }, steps: [] };
    const unequal = steps
      .filter(({ equal }) => !equal)
      .map(({ scenario, step, diffs }) => `${scenario}/${step}: ${JSON.stringify(diffs).slice(0, 500)}`);
    expect(unequal).toEqual([]);
    expect(tally.steps).toBeGreaterThan(0);
    expect(tally.equal).toBe(tally.steps);
  });
});
