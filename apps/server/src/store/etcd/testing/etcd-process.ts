import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A real etcd of one member for tests: own temporary directory, free ports, killable and restartable. */
export class EtcdProcess {
  #child: ChildProcess | undefined;

  private constructor(
    readonly endpoint: string,
    private readonly peer: string,
    private readonly directory: string,
  ) {}

  /** Resolves once it answers. Needs `etcd` on the PATH. */
  static async start(): Promise<EtcdProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'wheelhouse-etcd-'));
    const [client, peer] = await Promise.all([freePort(), freePort()]);
    const etcd = new EtcdProcess(`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`, directory);
    await etcd.restart();
    return etcd;
  }

  /** Starts it again on the same data and ports; resolves once it answers. */
  async restart(): Promise<void> {
    const child = spawn(
      'etcd',
      [
        ...['--name', 'test', '--data-dir', this.directory],
        ...['--listen-client-urls', this.endpoint, '--advertise-client-urls', this.endpoint],
        ...['--listen-peer-urls', this.peer, '--initial-advertise-peer-urls', this.peer],
        ...['--initial-cluster', `test=${this.peer}`, '--logger', 'zap', '--log-level', 'error'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    this.#child = child;
    let said = '';
    child.stderr?.on('data', (text) => {
      said = `${said}${text}`.slice(-4000);
    });
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`etcd ended (${code}): ${said}`)));
    });
    // After the start nobody waits for it any more.
    failed.catch(() => {});
    await Promise.race([this.#healthy(child), failed]);
  }

  /** kill -9; resolves once it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Freezes it, as an unresponsive machine would be. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #healthy(child: ChildProcess): Promise<void> {
    while (child.exitCode === null) {
      try {
        const response = await fetch(`${this.endpoint}/health`);
        const body = await response.text();
        if (response.ok && body.includes('true')) return;
      } catch {
        // Not listening yet.
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
