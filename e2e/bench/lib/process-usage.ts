import { readFileSync } from 'node:fs';

/** Linux counts CPU time in hundredths of a second wherever it shows it. */
const TICK_MICROS = 10_000;

/** CPU time that a process has used, all its threads together, in microseconds. */
export function cpuMicros(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name stands in parentheses and may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MICROS;
}

/** Memory that a process holds, in MB. */
export function residentMegabytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}

/** Runs `work` and tells what a process spent on it for each of `operations`. */
export async function cpuOf<T>(
  pid: number,
  operations: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly cpuMicros: number }> {
  const before = cpuMicros(pid);
  const result = await work();
  return { result, cpuMicros: (cpuMicros(pid) - before) / operations };
}
