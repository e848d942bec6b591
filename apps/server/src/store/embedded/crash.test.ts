import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WatchRecorder } from '../contract/watch-recorder';
import { openEmbeddedStore } from './embedded-store';

const ROUNDS = 20;
const here = fileURLToPath(new URL('.', import.meta.url));

describe('embedded store, killed in the middle of writing', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wheelhouse-crash-'));
  // Inside the repository, so that the program finds its packages.
  const bundles = join(here, '../../../node_modules/.cache');
  let bundle = '';

  beforeAll(async () => {
    mkdirSync(bundles, { recursive: true });
    bundle = join(mkdtempSync(join(bundles, 'crash-')), 'writer.mjs');
    await build({
      entryPoints: [join(here, 'testing/crash-writer.ts')],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      plugins: [
        {
          name: 'workspace',
          setup(setup) {
            setup.onResolve({ filter: /^@wheelhouse\/shared\// }, ({ path }) => ({
              path: join(
                here,
                '../../../../../packages/shared/src',
                `${path.slice('@wheelhouse/shared/'.length)}.ts`,
              ),
            }));
          },
        },
      ],
    });
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
    if (bundle) rmSync(join(bundle, '..'), { recursive: true, force: true });
  });

  it(`has every acknowledged write after each of ${ROUNDS} kills`, async () => {
    let newest = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const acknowledged = await writeUntilKilled(bundle, [directory, String(round)], 40 + round * 23);
      expect(acknowledged.length).toBeGreaterThan(0);

      const store = openEmbeddedStore(directory, pino({ level: 'silent' }));
      const last = Math.max(...acknowledged.map(({ revision }) => revision));
      expect(await store.currentRevision()).toBeGreaterThanOrEqual(last);
      const watch = new WatchRecorder(store, { prefix: '/crash/', after: newest });
      watch.watch.requestProgress();
      await watch.until(() => watch.progress.length > 0);
      const stored = new Map(
        watch.events.map((event) => [
          event.revision,
          event.type === 'put' ? `put ${event.entry.key}` : `delete ${event.key}`,
        ]),
      );
      for (const { revision, what } of acknowledged) {
        expect(revision).toBeGreaterThan(newest);
        expect(stored.get(revision)).toBe(what);
      }
      newest = await store.currentRevision();
      // History and the current values tell the same story.
      const standing = new Map<string, number>();
      const all = new WatchRecorder(store, { prefix: `/crash/${round}/`, after: 0 });
      all.watch.requestProgress();
      await all.until(() => all.progress.length > 0);
      for (const event of all.events) {
        if (event.type === 'put') standing.set(event.entry.key, event.revision);
        else standing.delete(event.key);
      }
      const { entries } = await store.range({ prefix: `/crash/${round}/` });
      expect(new Map(entries.map(({ key, modRevision }) => [key, modRevision]))).toEqual(standing);
      await store.close();
    }
  }, 120_000);
});

interface Acknowledged {
  readonly revision: number;
  readonly what: string;
}

/** Runs the program, kills it (−9) once it has acknowledged about `count` writes, and tells which. */
async function writeUntilKilled(program: string, args: string[], count: number): Promise<Acknowledged[]> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let complaints = '';
  let lines = 0;
  child.stderr.on('data', (text) => {
    complaints += text;
  });
  child.stdout.on('data', (text: Buffer) => {
    output += text;
    lines = output.split('\n').length;
    if (lines > count) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'close');
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${complaints}`);
  // The last line may have been cut.
  return output
    .slice(0, output.lastIndexOf('\n'))
    .split('\n')
    .map((line) => {
      const [revision, ...what] = line.split(' ');
      return { revision: Number(revision), what: what.join(' ') };
    });
}
