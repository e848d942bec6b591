// Child processes for the project's scripts. Plain Node: runs before anything is installed.
import { spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs a command with inherited output; resolves with its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}

/**
 * Runs a long command behind one line of progress. Its output goes to a log file, whose end is shown on failure.
 * Throws an Error whose message is fit to print.
 */
export async function step(title, command, args, options = {}) {
  const directory = join(tmpdir(), 'wheelhouse-logs');
  mkdirSync(directory, { recursive: true });
  const logFile = join(directory, `${title.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${process.pid}.log`);
  const log = openSync(logFile, 'w');
  const started = Date.now();
  const seconds = () => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  const live = process.stdout.isTTY;
  const show = (text) => process.stdout.write(live ? `\r\x1b[2K${text}` : `${text}\n`);
  show(`  ${title} …`);
  const timer = live ? setInterval(() => show(`  ${title} … ${seconds()}`), 1000) : undefined;
  const code = await run(command, args, { ...options, stdio: ['ignore', log, log] }).finally(() =>
    clearInterval(timer),
  );
  if (code === 0) {
    show(`  ${title}: done in ${seconds()}`);
    if (live) process.stdout.write('\n');
    return;
  }
  if (live) process.stdout.write('\n');
  const tail = readFileSync(logFile, 'utf8').split('\n').slice(-25).join('\n');
  throw new Error(
    `${title} failed (exit code ${code}). The end of its output (all of it: ${logFile}):\n${tail}`,
  );
}
