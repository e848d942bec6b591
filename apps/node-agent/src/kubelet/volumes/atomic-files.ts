import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { MountError } from '../config-error';

/** One file of a volume: path inside it, bytes, mode. */
export interface VolumeFile {
  readonly path: string;
  readonly content: Buffer;
  readonly mode: number;
}

const DATA = '..data';

/**
 * Makes `directory` show exactly `files`, all at one moment: they are written to a new directory beside, and one
 * rename of the link `..data` switches over. Nothing is touched when nothing changed. Answers whether it did.
 */
export async function writeAtomically(
  directory: string,
  files: readonly VolumeFile[],
  owner?: { readonly group: number },
): Promise<boolean> {
  for (const { path } of files) refuseEscape(path);
  await mkdir(directory, { recursive: true });
  const before = await readlink(join(directory, DATA)).catch(() => undefined);
  if (before !== undefined && (await isSame(join(directory, before), files))) return false;
  const fresh = await mkdtemp(join(directory, '..v-'));
  await chmod(fresh, 0o755);
  for (const { path, content, mode } of files) {
    const target = join(fresh, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
    // Not by writeFile's mode: that is subject to the umask.
    await chmod(target, mode);
    if (owner) await chown(target, -1, owner.group).catch(() => undefined);
  }
  const name = fresh.slice(directory.length + 1);
  const link = join(directory, '..data_new');
  await rm(link, { force: true });
  await symlink(name, link);
  await rename(link, join(directory, DATA));
  await linkTopLevel(directory, files);
  if (before !== undefined) await rm(join(directory, before), { recursive: true, force: true });
  return true;
}

async function linkTopLevel(directory: string, files: readonly VolumeFile[]): Promise<void> {
  const wanted = new Set(files.map(({ path }) => normalize(path).split('/')[0] ?? ''));
  const present = new Set(await readdir(directory));
  for (const name of wanted) {
    if (!present.has(name)) await symlink(join(DATA, name), join(directory, name));
  }
  for (const name of present) {
    if (!name.startsWith('..') && !wanted.has(name)) await rm(join(directory, name), { force: true });
  }
}

async function isSame(directory: string, files: readonly VolumeFile[]): Promise<boolean> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  if (entries.filter((entry) => entry.isFile()).length !== files.length) return false;
  for (const { path, content } of files) {
    const present = await readFile(join(directory, path)).catch(() => undefined);
    if (!present?.equals(content)) return false;
  }
  return true;
}

function refuseEscape(path: string): void {
  const parts = normalize(path).split('/');
  if (path === '' || path.startsWith('/') || parts.includes('..') || parts[0]?.startsWith('..')) {
    throw new MountError(`path "${path}" must lie inside the volume`);
  }
}
