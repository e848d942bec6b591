import { compareKeys } from '../keys';
import {
  CompactedError,
  FutureRevisionError,
  type RangeOptions,
  type RangeResult,
  type Revision,
  type StoreEvent,
} from '../store';
import { decodeKey, decodeLog, entryOf, type LogRecord } from './layout';
import { counter, entryAt, type Snapshot, type Tables } from './tables';

/** Above every character that a key may hold. */
const LAST = '\u{10ffff}';

/** Runs a read on one snapshot of all tables. */
export function readSnapshot<T>(tables: Tables, read: (snapshot: Snapshot) => T): T {
  const snapshot = tables.root.useReadTransaction();
  try {
    return read(snapshot);
  } finally {
    snapshot.done();
  }
}

export function readRange(tables: Tables, options: RangeOptions): RangeResult {
  return readSnapshot(tables, (snapshot) => {
    const current = counter(tables, 'revision', snapshot);
    const revision = options.revision ?? current;
    if (revision > current) throw new FutureRevisionError(revision, current);
    const compact = counter(tables, 'compact', snapshot);
    if (revision < compact) throw new CompactedError(compact);

    const replaced = revision < current ? replacedSince(tables, snapshot, revision, options) : [];
    return replaced.length === 0
      ? currentRange(tables, snapshot, options, revision)
      : pastRange(tables, snapshot, options, { revision, replaced });
  });
}

/** [key, modRevision]; 0: the key did not exist. */
type Version = readonly [key: string, revision: Revision];

function bounds(options: RangeOptions, snapshot: Snapshot) {
  return {
    start: options.after ?? options.prefix,
    exclusiveStart: options.after !== undefined,
    end: options.prefix + LAST,
    transaction: snapshot,
  };
}

function currentRange(
  tables: Tables,
  snapshot: Snapshot,
  options: RangeOptions,
  revision: Revision,
): RangeResult {
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const entries = [];
  let count = 0;
  for (const { value } of tables.keys.getRange({ ...bounds(options, snapshot) })) {
    if (count === limit) break;
    count++;
    entries.push(entryAt(tables, decodeKey(value).modRevision, snapshot));
  }
  if (count === limit) count = tables.keys.getKeysCount(bounds(options, snapshot));
  return { entries, more: count > entries.length, count, revision };
}

/** What stood, at `revision`, under each key of the range that changed since; in key order. */
function replacedSince(
  tables: Tables,
  snapshot: Snapshot,
  revision: Revision,
  { prefix, after }: RangeOptions,
): Version[] {
  const replaced = new Map<string, Revision>();
  for (const { value } of tables.log.getRange({ start: revision + 1, transaction: snapshot })) {
    const { key, previousRevision } = decodeLog(value);
    if (!key.startsWith(prefix) || (after !== undefined && compareKeys(key, after) <= 0)) continue;
    if (!replaced.has(key)) replaced.set(key, previousRevision);
  }
  return [...replaced].sort(([a], [b]) => compareKeys(a, b));
}

/** The keys of now, with those that changed since put back to what they were. */
function pastRange(
  tables: Tables,
  snapshot: Snapshot,
  options: RangeOptions,
  past: { revision: Revision; replaced: readonly Version[] },
): RangeResult {
  const changed = new Set(past.replaced.map(([key]) => key));
  const versions: Version[] = [];
  let next = 0;
  const takeReplaced = (before: string | undefined) => {
    for (; next < past.replaced.length; next++) {
      const version = past.replaced[next];
      if (!version || (before !== undefined && compareKeys(version[0], before) > 0)) return;
      if (version[1] > 0) versions.push(version);
    }
  };
  for (const { key, value } of tables.keys.getRange(bounds(options, snapshot))) {
    takeReplaced(key);
    if (!changed.has(key)) versions.push([key, decodeKey(value).modRevision]);
  }
  takeReplaced(undefined);
  const entries = versions
    .slice(0, options.limit ?? versions.length)
    .map(([, revision]) => entryAt(tables, revision, snapshot));
  return {
    entries,
    more: versions.length > entries.length,
    count: versions.length,
    revision: past.revision,
  };
}

/** Up to `limit` events after `after` and not after `until`; `through` tells how far the read got. */
export function readEvents(
  tables: Tables,
  prefix: string,
  span: { after: Revision; until: Revision; limit: number },
): { events: StoreEvent[]; through: Revision } {
  return readSnapshot(tables, (snapshot) => {
    const compact = counter(tables, 'compact', snapshot);
    if (span.after < compact) throw new CompactedError(compact);
    const events: StoreEvent[] = [];
    let read = 0;
    for (const { key: revision, value } of tables.log.getRange({
      start: span.after + 1,
      end: span.until + 1,
      transaction: snapshot,
    })) {
      const record = decodeLog(value);
      if (record.key.startsWith(prefix)) events.push(eventOf(tables, record, revision, snapshot));
      // Bounded by what was read as well: a rare prefix in a long log must not hold the event loop up.
      if (events.length === span.limit || ++read === span.limit * 10) return { events, through: revision };
    }
    return { events, through: span.until };
  });
}

export function eventOf(
  tables: Tables,
  record: LogRecord,
  revision: Revision,
  snapshot?: Snapshot,
): StoreEvent {
  const previous =
    record.previousRevision > 0 ? entryAt(tables, record.previousRevision, snapshot) : undefined;
  return record.op === 'put'
    ? { type: 'put', entry: entryOf(record, revision), previous, revision }
    : { type: 'delete', key: record.key, previous, revision };
}
