import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { type ExecOptions, type ExecSession, RuntimeError } from '../runtime';
import type { ProcessContainer } from './process-container';
import { signal } from './process-container';

/** A command with the container's environment and directory. Terminals come from util-linux' `script`. */
export async function execBeside(container: ProcessContainer, options: ExecOptions): Promise<ExecSession> {
  const { env, workingDir, user, group } = container.surroundings;
  const [program = '', ...args] = options.tty
    ? ['script', '-qefc', options.command.map(quote).join(' '), '/dev/null']
    : options.command;
  const root = process.getuid?.() === 0;
  const child = spawn(program, args, {
    cwd: workingDir,
    env: { ...env, ...Object.fromEntries((options.env ?? []).map(({ name, value }) => [name, value])) },
    detached: true,
    stdio: 'pipe',
    ...(root && user !== undefined ? { uid: user } : {}),
    ...(root && group !== undefined ? { gid: group } : {}),
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) =>
      reject(
        new RuntimeError('start-failed', `exec: "${options.command[0]}": ${error.message}`, { cause: error }),
      ),
    );
  });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  child.stdout.pipe(stdout);
  child.stderr.pipe(stderr);
  // The command may end without reading all its input.
  child.stdin.on('error', () => undefined);
  if (!options.stdin) child.stdin.end();
  const exit = new Promise<number>((resolve) => {
    child.once('close', (code, name) => resolve(code ?? 128 + signalNumber(name)));
  });
  let running = true;
  void exit.then(() => {
    running = false;
  });
  return {
    stdin: child.stdin,
    stdout,
    stderr,
    exit,
    // `script` has its own terminal, whose size nobody outside can set.
    resize: async () => undefined,
    close: () => {
      if (running && child.pid) signal(-child.pid, 'SIGKILL');
    },
  };
}

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

const signalNumber = (name: NodeJS.Signals | null): number => (name ? (constantsOf[name] ?? 0) : 0);
const constantsOf: Readonly<Partial<Record<NodeJS.Signals, number>>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGKILL: 9,
  SIGTERM: 15,
};
