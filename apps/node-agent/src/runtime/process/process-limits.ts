import { access, constants, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResourceLimits } from '../runtime';

const ROOT = '/sys/fs/cgroup';
const CPU_PERIOD_MICROS = 100_000;

/** Directories of a container's control groups; a process joins by writing its id to `cgroup.procs` there. */
export interface ControlGroup {
  readonly directories: readonly string[];
  readonly oomFile: string | undefined;
}

/** Limits by control groups of either version, as far as this process may make them; undefined when it may not. */
export async function createControlGroup(
  id: string,
  limits: ResourceLimits,
): Promise<ControlGroup | undefined> {
  const { memoryLimitBytes, cpuLimitMillis } = limits;
  if (memoryLimitBytes === undefined && cpuLimitMillis === undefined) return undefined;
  try {
    return (await isWritable(join(ROOT, 'cgroup.procs')))
      ? await createUnified(id, limits)
      : await createSeparate(id, limits);
  } catch {
    // Best effort by contract: the README of this folder says so.
    return undefined;
  }
}

async function createUnified(
  id: string,
  { memoryLimitBytes, cpuLimitMillis }: ResourceLimits,
): Promise<ControlGroup> {
  const parent = join(ROOT, 'wheelhouse');
  await mkdir(parent, { recursive: true });
  for (const place of [ROOT, parent]) await writeFile(join(place, 'cgroup.subtree_control'), '+memory +cpu');
  const directory = join(parent, id);
  await mkdir(directory, { recursive: true });
  if (memoryLimitBytes !== undefined)
    await writeFile(join(directory, 'memory.max'), String(memoryLimitBytes));
  if (cpuLimitMillis !== undefined) {
    await writeFile(
      join(directory, 'cpu.max'),
      `${(cpuLimitMillis * CPU_PERIOD_MICROS) / 1000} ${CPU_PERIOD_MICROS}`,
    );
  }
  return { directories: [directory], oomFile: join(directory, 'memory.events') };
}

async function createSeparate(
  id: string,
  { memoryLimitBytes, cpuLimitMillis }: ResourceLimits,
): Promise<ControlGroup> {
  const directories: string[] = [];
  let oomFile: string | undefined;
  if (memoryLimitBytes !== undefined) {
    const directory = join(ROOT, 'memory', 'wheelhouse', id);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'memory.limit_in_bytes'), String(memoryLimitBytes));
    directories.push(directory);
    oomFile = join(directory, 'memory.oom_control');
  }
  if (cpuLimitMillis !== undefined) {
    const directory = join(ROOT, 'cpu', 'wheelhouse', id);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'cpu.cfs_period_us'), String(CPU_PERIOD_MICROS));
    await writeFile(join(directory, 'cpu.cfs_quota_us'), String((cpuLimitMillis * CPU_PERIOD_MICROS) / 1000));
    directories.push(directory);
  }
  return { directories, oomFile };
}

/** True when the kernel killed something of the group because its memory was used up. */
export async function wasOutOfMemory(group: ControlGroup | undefined): Promise<boolean> {
  if (!group?.oomFile) return false;
  const text = await readFile(group.oomFile, 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
}

export async function removeControlGroup(group: ControlGroup | undefined): Promise<void> {
  // Fails while something of it still ends; an empty group left behind costs nothing.
  for (const directory of group?.directories ?? []) await rmdir(directory).catch(() => undefined);
}

const isWritable = (path: string): Promise<boolean> =>
  access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
