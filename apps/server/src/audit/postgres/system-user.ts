import { execFileSync } from 'node:child_process';
import { chmodSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Whom PostgreSQL runs as: it refuses to run as root. Undefined: as we do. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** As root: the user `postgres`, made when it is missing; `nobody` where users cannot be made. */
export function postgresUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const existing = lookUp('postgres');
  if (existing) return existing;
  try {
    execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'], {
      stdio: 'ignore',
    });
  } catch {
    // A read-only or minimal system: `nobody` is everywhere.
  }
  return lookUp('postgres') ?? lookUp('nobody');
}

function lookUp(name: string): SystemUser | undefined {
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

/**
 * Lets others pass through `directory` (not list it), and tells whether they then reach it from the root. Called as
 * root for the data directory, whose own files are all readable by root alone.
 */
export function isReachable(directory: string, user: SystemUser): boolean {
  const own = statSync(directory);
  if ((own.mode & 0o001) === 0 && own.uid === 0) chmodSync(directory, own.mode | 0o001);
  for (let path = directory; ; path = dirname(path)) {
    const { mode, uid } = statSync(path);
    if ((mode & 0o001) === 0 && uid !== user.uid) return false;
    if (path === dirname(path)) return true;
  }
}
