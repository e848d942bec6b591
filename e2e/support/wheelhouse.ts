import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

export interface StartOptions {
  /** Further flags of `npm start`. */
  readonly args?: readonly string[];
  /** An existing data directory, to start a cluster again. */
  readonly dataDir?: string;
}

/** A cluster as its user has it: started by the command of the README, spoken to by kubectl and a browser. */
export interface Wheelhouse {
  readonly dataDir: string;
  readonly process: ChildProcess;
  /** Everything it has printed. */
  output(): string;
  /** Runs kubectl against it; rejects with what kubectl wrote to standard error. */
  kubectl(...args: string[]): Promise<string>;
  /** The same with a manifest on standard input. */
  apply(manifest: string | object, ...args: string[]): Promise<string>;
  /** `kubectl get … -o json`, parsed. */
  get<T = KubernetesObject>(...args: string[]): Promise<T>;
  /** A sign-in link that works now. */
  consoleUrl(): Promise<string>;
  /** Ctrl-C; resolves when everything is down. */
  stop(): Promise<void>;
  /** `kill -9` of the server's process. */
  kill(): Promise<void>;
}

export interface KubernetesObject {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    labels?: Record<string, string>;
    deletionTimestamp?: string;
  };
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
  items: KubernetesObject[];
}

/** Starts a cluster on free ports in a directory of its own and waits for `Wheelhouse is ready`. */
export async function startWheelhouse(options: StartOptions = {}): Promise<Wheelhouse> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'wheelhouse-e2e-')));
  const child = launch(['--data-dir', dataDir, ...portArguments(options), ...(options.args ?? [])]);
  let output = '';
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    const read = (data: Buffer) => {
      output += data;
      if (/^Wheelhouse is ready$/m.test(output)) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`npm start ended with code ${code}:\n${output}`)));
  });
  const kubeconfig = join(dataDir, 'kubeconfig');
  const kubectl = async (...args: string[]) => {
    const { stdout } = await execute('kubectl', ['--kubeconfig', kubeconfig, ...args], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout;
  };
  return {
    dataDir,
    process: child,
    output: () => output,
    kubectl,
    apply: (manifest, ...args) => {
      const text = typeof manifest === 'string' ? manifest : JSON.stringify(manifest);
      return withInput(text, 'kubectl', ['--kubeconfig', kubeconfig, 'apply', '-f', '-', ...args]);
    },
    get: async (...args) => JSON.parse(await kubectl('get', ...args, '-o', 'json')),
    consoleUrl: async () => (await readFile(join(dataDir, 'console-url'), 'utf8')).trim(),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Free ports at the first start; the same ports when a cluster is started again. */
function portArguments(options: StartOptions): string[] {
  return options.args?.includes('--api-port') ? [] : ['--api-port', '0', '--console-port', '0'];
}

export const launch = (args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess =>
  spawn(process.execPath, [join(root, 'scripts/start.mjs'), ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Runs `npm start` with flags that should make it refuse; resolves with its exit code and output. */
export async function startExpectingRefusal(
  args: readonly string[],
): Promise<{ code: number | null; output: string }> {
  const child = launch(args);
  let output = '';
  child.stdout?.on('data', (data) => {
    output += data;
  });
  child.stderr?.on('data', (data) => {
    output += data;
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, output };
}

export function withInput(input: string, command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data) => {
      stdout += data;
    });
    child.stderr.on('data', (data) => {
      stderr += data;
    });
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(stderr || `exit code ${code}`)),
    );
    child.stdin.end(input);
  });
}

/**
 * Tries until `probe` gives something other than undefined, at most `seconds`; the last error or `what` is the
 * failure. For conditions of a live system that offers no event to wait for.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  seconds = 60,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  let last: unknown;
  for (;;) {
    try {
      const result = await probe();
      if (result !== undefined) return result;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`, { cause: last });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const removeDirectory = (path: string) => rm(path, { recursive: true, force: true });
