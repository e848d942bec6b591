import { readFileSync } from 'node:fs';
import type { Database, RootDatabase } from 'lmdb';
import { StoreUnavailableError } from '../store';

/**
 * One process at a time may have a store directory open: group commit and watches live in its memory.
 * Ownership is a record in the store itself, taken inside an LMDB write transaction. LMDB's own mutex makes that
 * atomic between processes and is released when a process dies, so there is no stale lock file to reason about.
 */
interface Owner {
  readonly pid: number;
  /** When that process began and in which boot, so that a reused pid is not mistaken for the owner. */
  readonly started: string;
}

const OWNER = 'owner';

function startedAt(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name (field 2) may hold blanks; what follows its closing bracket does not. Start time is field 22.
    return `${boot}:${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  const started = startedAt(owner.pid);
  if (started !== undefined) return started === owner.started;
  if (process.platform === 'linux') return false;
  try {
    process.kill(owner.pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Throws {@link StoreUnavailableError} while another open store has the directory. */
export function takeOwnership(root: RootDatabase, meta: Database<unknown, string>, directory: string): void {
  root.transactionSync(() => {
    // What was written under this name has always been an Owner.
    const owner = meta.get(OWNER) as Owner | undefined;
    if (owner && isAlive(owner)) {
      throw new StoreUnavailableError(
        `the store in ${directory} is in use by process ${owner.pid}; stop that process or choose another data directory`,
      );
    }
    meta.putSync(OWNER, { pid: process.pid, started: startedAt(process.pid) ?? '' } satisfies Owner);
  });
}

export function giveUpOwnership(root: RootDatabase, meta: Database<unknown, string>): void {
  root.transactionSync(() => meta.removeSync(OWNER));
}
