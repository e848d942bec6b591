import { chmod, chown, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const GROUP_WRITES_FILE = 0o660;
/** Directories pass their group on to what is made in them. */
const GROUP_WRITES_DIRECTORY = 0o2770;

/**
 * Makes everything in a volume belong to the pod's `fsGroup`, which may write it all. With `onlyOnMismatch` the
 * volume's own directory tells whether that was done before. Links are left alone: they may point out of the volume.
 */
export async function giveToGroup(
  directory: string,
  group: number,
  options: { readonly onlyOnMismatch: boolean },
): Promise<void> {
  const top = await stat(directory);
  const done = top.gid === group && (top.mode & GROUP_WRITES_DIRECTORY) === GROUP_WRITES_DIRECTORY;
  if (done && options.onlyOnMismatch) return;
  await descend(directory, group);
}

async function descend(directory: string, group: number): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await descend(path, group);
    else if (entry.isFile()) await open(path, group, GROUP_WRITES_FILE);
  }
  // Last, so that a walk that broke off is taken up again.
  await open(directory, group, GROUP_WRITES_DIRECTORY);
}

async function open(path: string, group: number, mode: number): Promise<void> {
  await chown(path, -1, group);
  const { mode: before } = await stat(path);
  await chmod(path, (before & 0o7777) | mode);
}
