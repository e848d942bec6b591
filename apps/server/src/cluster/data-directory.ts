import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { StartupError } from '../startup-error';
import type { ClusterRanges } from './config';

/** Raised when the layout of the data directory changes in a way that older programs would misread. */
const VERSION = 1;

/** What a cluster decides once, at its first start: `<dataDir>/cluster.json`. */
export interface ClusterIdentity {
  readonly version: number;
  readonly clusterId: string;
  readonly ranges: ClusterRanges;
}

export interface DataDirectory {
  readonly path: string;
  readonly identity: ClusterIdentity;
  /** True on the very first start. */
  readonly isNew: boolean;
  release(): void;
}

/**
 * Creates or opens the data directory for this process alone. Throws {@link StartupError} when another process
 * uses it, when it was written by a newer version, or when it cannot be used.
 */
export async function openDataDirectory(
  path: string,
  rangesIfNew: () => Promise<ClusterRanges>,
): Promise<DataDirectory> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartupError(`The data directory ${path} cannot be created: ${(error as Error).message}`);
  }
  const release = await lock(await realpath(path));
  try {
    const file = join(path, 'cluster.json');
    const existing = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new StartupError(`${file} cannot be read: ${error.message}`);
    });
    if (existing !== undefined) return { path, identity: parse(existing, file), isNew: false, release };
    const identity: ClusterIdentity = {
      version: VERSION,
      clusterId: randomUUID().slice(0, 8),
      ranges: await rangesIfNew(),
    };
    // Written beside and renamed: a crash leaves no half-written identity.
    await writeFile(`${file}.new`, `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return { path, identity, isNew: true, release };
  } catch (error) {
    release();
    throw error;
  }
}

function parse(text: string, file: string): ClusterIdentity {
  let identity: Partial<ClusterIdentity>;
  try {
    identity = JSON.parse(text);
  } catch {
    throw new StartupError(
      `${file} is not valid JSON. Restore it from a backup, or choose another --data-dir.`,
    );
  }
  if (typeof identity.version !== 'number' || !identity.clusterId || !identity.ranges) {
    throw new StartupError(`${file} lacks fields. Restore it from a backup, or choose another --data-dir.`);
  }
  if (identity.version > VERSION) {
    throw new StartupError(
      `The data directory was written by a newer Wheelhouse (format ${identity.version}, this one knows ${VERSION}). ` +
        'Update Wheelhouse, or choose another --data-dir.',
    );
  }
  return { version: identity.version, clusterId: identity.clusterId, ranges: identity.ranges };
}

/**
 * One process per directory. The lock is a listening socket in Linux' abstract namespace, which the kernel
 * frees when its holder dies, whatever it died of.
 */
async function lock(path: string): Promise<() => void> {
  if (process.platform !== 'linux') return () => undefined;
  const server = createServer((socket) => socket.destroy());
  const name = createHash('sha256').update(path).digest('hex').slice(0, 32);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new StartupError(
              `Another Wheelhouse already runs on ${path}. Stop it, or choose another --data-dir.`,
            )
          : error,
      ),
    );
    server.listen(`\0wheelhouse-data-${name}`, resolve);
  });
  server.unref();
  return () => server.close();
}
