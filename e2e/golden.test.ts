import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
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

/** More of the same kind, recorded the same way, that is part of the repository; its runner is the corpus's. */
const own = fileURLToPath(new URL('./golden/', import.meta.url));

/** Where scenarios and their recordings are. */
interface Collection {
  readonly cases: string;
  readonly recorded: string;
}

const collections = {
  'the shared corpus': { cases: join(corpus, 'cases'), recorded: join(corpus, 'recorded') },
  'the cases of the repository': { cases: join(own, 'cases'), recorded: join(own, 'recorded') },
} satisfies Record<string, Collection>;
const titles = Object.keys(collections) as (keyof typeof collections)[]; // The keys of the literal above, no others.

const hasCases = ({ cases }: Collection): boolean =>
  existsSync(cases) && readdirSync(cases).some((file) => file.endsWith('.json'));

interface Report {
  readonly tally: { readonly steps: number; readonly equal: number };
  readonly steps: readonly {
    readonly scenario: string;
    readonly step: string;
    readonly equal: boolean;
    readonly diffs: readonly unknown[];
  }[];
}

/** Replays all scenarios of a collection; a report even where steps differ. */
async function replay(
  server: ApiProcess,
  { cases, recorded }: Collection,
  reportFile: string,
): Promise<Report> {
  const args = [
    'run.mjs',
    server.url,
    server.token,
    '--cases',
    cases,
    '--check',
    recorded,
    '--json',
    reportFile,
  ];
  const said = await new Promise<string>((resolve) =>
    execFile(
      process.execPath,
      args,
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
  const stores = ['embedded', 'etcd'];
  const present = titles.filter((title) => hasCases(collections[title]));

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-golden-'));
    etcd = await EtcdProcess.start();
    for (const name of stores) {
      const store = name === 'etcd' ? `etcd:${etcd.endpoint}` : name;
      const server = await startApi('--components', 'api', '--store', store);
      servers.push(server);
      // Both servers at once, for nearly all of a replay is waiting for what should not happen; but one collection
      // after the other, since objects of the cluster are seen by all.
      let before: Promise<unknown> = Promise.resolve();
      for (const title of present) {
        const file = join(directory, `${reports.size}.json`);
        const report = before.then(() => replay(server, collections[title], file));
        reports.set(`${title} on ${name}`, report);
        before = report.catch(() => {});
      }
    }
  });
  afterAll(async () => {
    await Promise.allSettled(reports.values());
    await Promise.all(servers.map((server) => server.stop()));
    await etcd?.dispose();
    await removeDirectory(directory);
  });

  it.each(stores.flatMap((name) => present.map((title) => `${title} on ${name}`)))('%s', async (name) => {
    const { tally, steps } = (await reports.get(name)) ?? { tally: { steps: 0, equal: 0 }, steps: [] };
    const unequal = steps
      .filter(({ equal }) => !equal)
      .map(({ scenario, step, diffs }) => `${scenario}/${step}: ${JSON.stringify(diffs).slice(0, 500)}`);
    expect(unequal).toEqual([]);
    expect(tally.steps).toBeGreaterThan(0);
    expect(tally.equal).toBe(tally.steps);
  });
});
