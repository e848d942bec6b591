import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly session: number;
  readonly zombie: boolean;
  /** Ticks since boot; with the pid it names one process for ever. */
  readonly startTime: string;
  readonly cpuTicks: number;
  readonly residentPages: number;
}

/** Linux' fixed unit of process times, and of every architecture that Node runs on here. */
export const NANOSECONDS_PER_TICK = 10_000_000;
export const PAGE_BYTES = 4096;

/** One line of /proc/PID/stat. The name in brackets may hold anything, so counting starts behind the last one. */
export function parseStat(text: string): ProcessInfo | undefined {
  const end = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text
    .slice(end + 2)
    .trim()
    .split(' ');
  if (end < 0 || fields.length < 22) return undefined;
  const number = (index: number) => Number(fields[index]);
  return {
    pid,
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    parent: number(1),
    session: number(3),
    // With those of children that ended and were waited for: a shell that starts one program after another has worked too.
    cpuTicks: number(11) + number(12) + number(13) + number(14),
    startTime: fields[19] ?? '',
    residentPages: number(21),
  };
}

export async function findProcess(pid: number): Promise<ProcessInfo | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseStat(text);
}

/** A text that is the same for one process only; undefined when no process (or only a zombie) has the id. */
export async function identityOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') {
    const found = await findProcess(pid);
    return found && !found.zombie ? `${await bootId()} ${found.startTime}` : undefined;
  }
  const { stdout } = await run('ps', ['-o', 'lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  return stdout.trim() || undefined;
}

let boot: Promise<string> | undefined;
function bootId(): Promise<string> {
  boot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  return boot;
}

export async function listProcesses(): Promise<ProcessInfo[]> {
  const names = await readdir('/proc').catch(() => []);
  const found = await Promise.all(
    names.filter((name) => /^\d+$/.test(name)).map((name) => findProcess(Number(name))),
  );
  return found.filter((entry) => entry !== undefined);
}
