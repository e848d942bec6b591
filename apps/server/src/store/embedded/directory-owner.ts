import type { Database, RootDatabase } from 'lmdb';
import { isAlive, ownIdentity, type ProcessIdentity } from '../../process-identity';
import { StoreUnavailableError } from '../store';

/**
 * One process at a time may have a store directory open: group commit and watches live in its memory.
 * Ownership is a record in the store itself, taken inside an LMDB write transaction. LMDB's own mutex makes that
 * atomic between processes and is released when a process dies, so there is no stale lock file to reason about.
 */
const OWNER = 'owner';

/** Throws {@link StoreUnavailableError} while another open store has the directory. */
export function takeOwnership(root: RootDatabase, meta: Database<unknown, string>, directory: string): void {
  root.transactionSync(() => {
    // What was written under this name has always been one of these.
    const owner = meta.get(OWNER) as ProcessIdentity | undefined;
    if (owner && isAlive(owner)) {
      throw new StoreUnavailableError(
        `the store in ${directory} is in use by process ${owner.pid}; stop that process or choose another data directory`,
      );
    }
    meta.putSync(OWNER, ownIdentity());
  });
}

export function giveUpOwnership(root: RootDatabase, meta: Database<unknown, string>): void {
  root.transactionSync(() => meta.removeSync(OWNER));
}
