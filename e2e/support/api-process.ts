import { spawn } from 'node:child_process';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { removeDirectory } from './wheelhouse';

const program = fileURLToPath(new URL('../../apps/server/dist/main.mjs', import.meta.url));

/** `wheelhouse server` as an operator would start it. */
export interface ServerProcess {
  readonly dataDir: string;
  readonly pid: number;
  /** `kill -9`. */
  kill(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** A control plane without nodes, console and scheduler. */
export interface ApiProcess extends ServerProcess {
  readonly url: string;
  readonly token: string;
}

/** Starts `wheelhouse server` with the flags and waits until it is ready. Needs the built server. */
export async function startServerProcess(...args: string[]): Promise<ServerProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'wheelhouse-server-'));
  const child = spawn(process.execPath, [program, 'server', '--data-dir', dataDir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
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
  const end = async (signal: 'SIGINT' | 'SIGKILL') => {
    child.kill(signal);
    await exited;
  };
  return {
    dataDir,
    pid: child.pid ?? 0,
    kill: () => end('SIGKILL'),
    stop: async () => {
      await end('SIGINT');
      await removeDirectory(dataDir);
    },
  };
}

/** The same with an API, on a free port. */
export async function startApi(...args: string[]): Promise<ApiProcess> {
  const server = await startServerProcess('--api-port', '0', ...args);
  const kubeconfig = parse(await readFile(join(server.dataDir, 'kubeconfig'), 'utf8'));
  return {
    ...server,
    url: kubeconfig.clusters[0].cluster.server,
    token: (await readFile(join(server.dataDir, 'admin-token'), 'utf8')).trim(),
  };
}
