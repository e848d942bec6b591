import { spawn } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { removeDirectory } from './wheelhouse';

const program = fileURLToPath(new URL('../../apps/server/dist/main.mjs', import.meta.url));

/** A control plane without nodes, console and scheduler: `wheelhouse server` as an operator would start it. */
export interface ApiProcess {
  readonly dataDir: string;
  readonly url: string;
  readonly token: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Starts `wheelhouse server` on a free port with the flags and waits until it is ready. Needs the built server. */
export async function startApi(...args: string[]): Promise<ApiProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wheelhouse-api-'));
  const child = spawn(
    process.execPath,
    [program, 'server', '--data-dir', dataDir, '--api-port', '0', ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let output = '';
    const read = (data: Buffer) => {
      output += data;
      if (/^Wheelhouse is ready$/m.test(output)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('close', (code) => reject(new Error(`wheelhouse server ended with code ${code}:\n${output}`)));
  });
  const kubeconfig = parse(await readFile(join(dataDir, 'kubeconfig'), 'utf8'));
  return {
    dataDir,
    url: kubeconfig.clusters[0].cluster.server,
    token: (await readFile(join(dataDir, 'admin-token'), 'utf8')).trim(),
    stop: async () => {
      child.kill('SIGINT');
      await exited;
      await removeDirectory(dataDir);
    },
  };
}
