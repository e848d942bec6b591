import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { addressArguments } from './node-addresses';
import type { RuntimeName } from './runtime-choice';

export interface LocalAgentsOptions {
  readonly dataDir: string;
  /** The agent program's file. */
  readonly program: string;
  readonly apiUrl: string;
  readonly joinTokenFile: string;
  readonly count: number;
  readonly runtime: RuntimeName;
  readonly proxy: string;
  /** The cluster's range of pod addresses. */
  readonly podRange: string;
  readonly log: Logger;
}

export interface LocalAgents {
  /** Names of the nodes that the agents register. */
  readonly nodeNames: readonly string[];
  /** Asks the agents to stop their containers, and waits for them. */
  stop(): Promise<void>;
  /** Ends the agents at once; containers stay. */
  kill(): void;
}

/** Pause before an agent that died by itself is started again, in ms. */
const RESTART_MS = 2_000;
/** How long agents may take to stop their containers, in ms; pods have 30 s of grace by default. */
const STOP_MS = 45_000;

/**
 * Starts a node agent per local node as a process of its own, and starts it again when it fails; one that was stopped
 * from outside stays stopped. Agents notice by their channel when this process is gone (`kill -9` too) and then end,
 * leaving the containers to their successors. Simulated nodes share one process.
 */
export function startLocalAgents(options: LocalAgentsOptions): LocalAgents {
  const names = Array.from({ length: options.count }, (_, index) => `node-${index + 1}`);
  const agents =
    options.runtime === 'simulated' && options.count > 0
      ? [new LocalAgent('node-1', ['--nodes', String(options.count)], options)]
      : names.map((name, index) => new LocalAgent(name, addressArguments(options.podRange, index), options));
  for (const agent of agents) agent.start();
  return {
    nodeNames: names,
    stop: async () => {
      await Promise.all(agents.map((agent) => agent.stop()));
    },
    kill: () => {
      for (const agent of agents) agent.kill();
    },
  };
}

class LocalAgent {
  readonly #name: string;
  readonly #arguments: readonly string[];
  readonly #options: LocalAgentsOptions;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(name: string, extra: readonly string[], options: LocalAgentsOptions) {
    this.#name = name;
    this.#arguments = extra;
    this.#options = options;
  }

  start(): void {
    const { dataDir, program, apiUrl, joinTokenFile, runtime, proxy, log } = this.#options;
    const directory = join(dataDir, 'nodes', this.#name);
    mkdirSync(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
    const output = openSync(join(dataDir, 'logs', `${this.#name}.log`), 'a', 0o600);
    const common = ['--server', apiUrl, '--token-file', joinTokenFile, '--data-dir', directory];
    const child = spawn(
      process.execPath,
      [
        program,
        ...common,
        '--node-name',
        this.#name,
        '--runtime',
        runtime,
        '--proxy',
        proxy,
        ...this.#arguments,
      ],
      {
        stdio: ['ignore', output, output, 'ipc'],
        // A group of its own: Ctrl-C reaches this process alone, which then stops the agents in order.
        detached: true,
      },
    );
    closeSync(output);
    this.#child = child;
    child.on('error', (error) => log.error({ err: error, node: this.#name }, 'agent could not be started'));
    child.on('exit', (code, signal) => {
      this.#child = undefined;
      if (this.#stopping) return;
      if (code === 0 || signal !== null) {
        // Somebody stopped it, perhaps to see what the cluster makes of that.
        log.warn({ node: this.#name, signal }, 'agent was stopped; it comes back with the next start');
        return;
      }
      log.warn({ node: this.#name, code }, 'agent failed; it is started again');
      this.#restart = setTimeout(() => this.start(), RESTART_MS);
    });
  }

  /** An agent that was stopped before is started once more: its containers would outlive the cluster otherwise. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    if (!this.#child) this.start();
    const child = this.#child;
    if (!child) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#options.log.error({ node: this.#name }, 'agent did not stop in time and is killed');
        child.kill('SIGKILL');
      }, STOP_MS);
      const ended = () => {
        clearTimeout(timer);
        resolve();
      };
      child.on('exit', ended);
      child.on('error', ended);
      // The channel may close while the message travels: then the exit is already on its way.
      child.send({ type: 'stop', pods: true }, () => undefined);
    });
  }

  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#restart);
    this.#child?.kill('SIGKILL');
  }
}
