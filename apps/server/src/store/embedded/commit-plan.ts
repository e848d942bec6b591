import type { LeaseId, Revision, StoredEntry, Write, WriteResult } from '../store';
import { LeaseNotFoundError } from '../store';
import type { KeyRecord, LogRecord } from './layout';

/** What a commit is decided from: the durable state before it. */
export interface StateBefore {
  readonly revision: Revision;
  key(key: string): KeyRecord | undefined;
  entry(key: string, record: KeyRecord): StoredEntry;
  hasLease(id: LeaseId): boolean;
}

export interface Change {
  readonly revision: Revision;
  readonly record: LogRecord;
  readonly lease: LeaseId;
  readonly previousLease: LeaseId;
}

/** One per write, in order; an Error rejects that write alone. */
export type Outcome = WriteResult | Error;

interface Standing {
  readonly record: KeyRecord;
  readonly entry: StoredEntry | undefined;
}

/** Decides a batch of writes in the order given: each compare sees the writes before it. */
export function planCommit(
  writes: readonly Write[],
  before: StateBefore,
): { changes: Change[]; outcomes: Outcome[] } {
  const changes: Change[] = [];
  const touched = new Map<string, Standing | undefined>();
  let revision = before.revision;

  const standing = (key: string): Standing | undefined => {
    if (touched.has(key)) return touched.get(key);
    const record = before.key(key);
    return record && { record, entry: undefined };
  };

  const outcomes = writes.map((write): Outcome => {
    const current = standing(write.key);
    const found = current?.record.modRevision ?? 0;
    if ((write.expected !== undefined && write.expected !== found) || (write.op === 'delete' && !current)) {
      return {
        ok: false,
        current: current && (current.entry ?? before.entry(write.key, current.record)),
      };
    }
    const lease = write.op === 'put' ? (write.lease ?? '') : '';
    if (lease && !before.hasLease(lease)) return new LeaseNotFoundError(`lease ${lease} does not exist`);

    revision++;
    const createRevision = write.op === 'put' ? (current?.record.createRevision ?? revision) : 0;
    const value = write.op === 'put' ? write.value : new Uint8Array();
    changes.push({
      revision,
      record: { op: write.op, key: write.key, createRevision, previousRevision: found, value },
      lease,
      previousLease: current?.record.lease ?? '',
    });
    touched.set(
      write.key,
      write.op === 'put'
        ? {
            record: { createRevision, modRevision: revision, lease },
            entry: { key: write.key, value, createRevision, modRevision: revision },
          }
        : undefined,
    );
    return { ok: true, revision };
  });
  return { changes, outcomes };
}
