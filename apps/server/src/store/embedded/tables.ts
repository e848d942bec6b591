import { chmodSync, mkdirSync } from 'node:fs';
import { type Database, open, type RootDatabase } from 'lmdb';
import { type Revision, type StoredEntry, StoreUnavailableError } from '../store';
import { giveUpOwnership, takeOwnership } from './directory-owner';
import { decodeLog, entryOf, FORMAT_VERSION, type LogRecord } from './layout';

export type Snapshot = ReturnType<RootDatabase['useReadTransaction']>;

export interface Tables {
  readonly root: RootDatabase;
  readonly meta: Database<unknown, string>;
  readonly keys: Database<Buffer, string>;
  readonly log: Database<Buffer, Revision>;
  /** Lease id → time to live in seconds. */
  readonly leases: Database<number, string>;
  /** [lease id, key] → true, for each key that goes with its lease. */
  readonly leaseKeys: Database<boolean, [string, string]>;
}

/** Opens and owns the directory; throws {@link StoreUnavailableError} with the reason when that cannot be. */
export function openTables(directory: string): Tables {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  let root: RootDatabase;
  try {
    root = open({
      path: directory,
      maxDbs: 8,
      cache: false,
      // A commit becomes visible only once it is on disk, so no reader ever sees what a crash could take back.
      overlappingSync: false,
    });
  } catch (error) {
    throw new StoreUnavailableError(`cannot open the store in ${directory}: ${String(error)}`, {
      cause: error,
    });
  }
  const tables: Tables = {
    root,
    meta: root.openDB({ name: 'meta', encoding: 'json' }),
    keys: root.openDB({ name: 'keys', encoding: 'binary' }),
    log: root.openDB({ name: 'log', encoding: 'binary' }),
    leases: root.openDB({ name: 'leases', encoding: 'json' }),
    leaseKeys: root.openDB({ name: 'lease-keys', encoding: 'json' }),
  };
  try {
    checkFormat(tables, directory);
    takeOwnership(root, tables.meta, directory);
  } catch (error) {
    void root.close();
    throw error;
  }
  return tables;
}

export async function closeTables(tables: Tables): Promise<void> {
  await tables.root.committed;
  giveUpOwnership(tables.root, tables.meta);
  await tables.root.close();
}

function checkFormat({ root, meta }: Tables, directory: string): void {
  root.transactionSync(() => {
    const format = meta.get('format');
    if (format === undefined) meta.putSync('format', FORMAT_VERSION);
    else if (format !== FORMAT_VERSION) {
      throw new StoreUnavailableError(
        `the store in ${directory} was written by a newer version (format ${String(format)}, this one reads ${FORMAT_VERSION}); upgrade or choose another data directory`,
      );
    }
  });
}

export type Counter = 'revision' | 'compact' | 'compacted';

/** `revision`: the last one given out. `compact`: history before it is gone. `compacted`: swept so far. */
export function counter(tables: Tables, name: Counter, transaction?: Snapshot): Revision {
  const value = tables.meta.get(name, transaction ? { transaction } : {});
  return typeof value === 'number' ? value : 0;
}

/** The change of that revision. Missing means that the store is damaged: nothing else refers to dropped records. */
export function changeAt(tables: Tables, revision: Revision, transaction?: Snapshot): LogRecord {
  const bytes = tables.log.get(revision, transaction ? { transaction } : {});
  if (!bytes) throw new Error(`the store is damaged: change ${revision} is missing`);
  return decodeLog(bytes);
}

export function entryAt(tables: Tables, revision: Revision, transaction?: Snapshot): StoredEntry {
  return entryOf(changeAt(tables, revision, transaction), revision);
}
