import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { parse } from 'yaml';

export interface BenchServer {
  readonly url: string;
  readonly token: string;
  readonly ca: string;
  readonly pid: number;
  readonly pool: Pool;
  json(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts `wheelhouse server` as a process of its own, as a user would. `root` is the repository. */
export async function startBenchServer(root: string, args: readonly string[]): Promise<BenchServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-bench-'));
  const child = spawn(
    process.execPath,
    [
      join(root, 'scripts/wheelhouse.mjs'),
      'server',
      '--data-dir',
      dataDir,
      '--api-port',
      '0',
      '--console-port',
      '0',
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await new Promise<void>((resolve, reject) => {
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
      if (output.includes('is ready')) resolve();
    });
    child.on('exit', (code) => reject(new Error(`the server ended with code ${code}: ${output}`)));
  });
  const kubeconfig = parse(readFileSync(join(dataDir, 'kubeconfig'), 'utf8'));
  const { server, 'certificate-authority-data': caData } = kubeconfig.clusters[0].cluster;
  const ca = Buffer.from(caData, 'base64').toString();
  const token = readFileSync(join(dataDir, 'admin-token'), 'utf8').trim();
  const pool = new Pool(server, { connect: { ca }, connections: 128, bodyTimeout: 0, headersTimeout: 0 });
  return {
    url: server,
    token,
    ca,
    pid: child.pid ?? 0,
    pool,
    async json(method, path, body) {
      const { statusCode, body: answer } = await pool.request({
        method: method as 'GET',
        path,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      if (statusCode >= 400) throw new Error(`${method} ${path}: ${statusCode} ${text.slice(0, 300)}`);
      return JSON.parse(text);
    },
    async stop() {
      await pool.destroy();
      const exited = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await exited;
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
