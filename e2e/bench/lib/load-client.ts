import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { FlowReport, LoadOrder, LoadReport, RequestOrder, WatchOrder } from './load-messages';

/** A client in a process of its own, so that asking and measuring do not slow each other. */
export class LoadClient {
  readonly #pending = new Map<number, { resolve(report: LoadReport): void; reject(error: Error): void }>();
  #lastId = 0;

  private constructor(
    private readonly child: ChildProcess,
    private readonly directory: string,
  ) {
    child.on('message', (message) => {
      const { id, report, error } = message as { id: number; report?: LoadReport; error?: string };
      const waiting = this.#pending.get(id);
      this.#pending.delete(id);
      if (report) waiting?.resolve(report);
      else waiting?.reject(new Error(error ?? 'the load client gave no answer'));
    });
    child.on('exit', (code) => {
      for (const { reject } of this.#pending.values())
        reject(new Error(`the load client ended with code ${code}`));
    });
  }

  /** `root` is the repository. */
  static async start(root: string): Promise<LoadClient> {
    const directory = mkdtempSync(join(tmpdir(), 'wheelhouse-load-'));
    const outfile = join(directory, 'load.mjs');
    await build({
      entryPoints: [join(root, 'e2e/bench/programs/load.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    return new LoadClient(fork(outfile, { execArgv: [] }), directory);
  }

  /** Flows run at the same time; the reports stand in their order. */
  async requests(...flows: RequestOrder[]): Promise<FlowReport[]> {
    const report = await this.#order({ kind: 'requests', flows });
    if (report.kind !== 'flows') throw new Error('unexpected answer of the load client');
    return [...report.flows];
  }

  /** Opens watches; resolves when each has got its first event. */
  async watch(order: Omit<WatchOrder, 'kind'>): Promise<void> {
    await this.#order({ kind: 'watch', ...order });
  }

  /** Seconds until all watches together have got so many MODIFIED events since they were opened. */
  async delivered(events: number): Promise<number> {
    const report = await this.#order({ kind: 'deliver', events });
    if (report.kind !== 'delivered') throw new Error('unexpected answer of the load client');
    return report.seconds;
  }

  async closeWatches(): Promise<void> {
    await this.#order({ kind: 'close' });
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.disconnect();
    await exited;
    rmSync(this.directory, { recursive: true, force: true });
  }

  #order(order: LoadOrder): Promise<LoadReport> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.child.send({ id, order });
    });
  }
}
