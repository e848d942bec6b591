import type { Clock } from '@wheelhouse/shared/clock';
import type { IKeyValue, IRangeRequest } from 'etcd3';
import type { Logger } from '../../component';
import { compareKeys } from '../keys';
import {
  FutureRevisionError,
  type RangeOptions,
  type RangeResult,
  type Revision,
  type StoredEntry,
  type StoreEvent,
} from '../store';
import { type EtcdConnection, isFuture } from './connection';
import { EventStream } from './event-stream';
import {
  completeRevision,
  etcdRevisionOf,
  eventKey,
  LAST_POSITION,
  positionOf,
  storeRevision,
  toEntry,
} from './numbering';

/** Keys a request: large lists come in pieces, so that neither side holds one huge message. */
const PIECE = 2000;

interface Services {
  readonly log: Logger;
  readonly clock: Clock;
  readonly currentRevision: () => Promise<Revision>;
}

export async function readRange(
  connection: EtcdConnection,
  options: RangeOptions,
  services: Services,
): Promise<RangeResult> {
  const { revision } = options;
  if (revision === undefined) return readAt(connection, options, 0);
  try {
    if (positionOf(revision) === LAST_POSITION) {
      return await readAt(connection, options, etcdRevisionOf(revision));
    }
    return await readBetween(connection, { ...options, revision }, services);
  } catch (error) {
    if (isFuture(error)) throw new FutureRevisionError(revision, await services.currentRevision());
    throw error;
  }
}

/** At the end of an etcd revision; 0: the current one. */
async function readAt(
  connection: EtcdConnection,
  options: RangeOptions,
  etcdRevision: number,
): Promise<RangeResult> {
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  const entries: StoredEntry[] = [];
  let start = Buffer.from(options.after === undefined ? options.prefix || '\0' : `${options.after}\0`);
  let at = etcdRevision;
  let count: number | undefined;
  for (;;) {
    const request: IRangeRequest = {
      key: start,
      range_end: prefixEnd(options.prefix),
      revision: at,
      limit: Math.min(PIECE, limit - entries.length),
    };
    const response = await connection.read((calls, deadline) => calls.kv.range(request, { deadline }));
    // The first answer fixes the revision for all pieces, and counts the whole range.
    at ||= Number(response.header.revision);
    count ??= Number(response.count);
    for (const kv of response.kvs) entries.push(toEntry(kv));
    const last: IKeyValue | undefined = response.kvs.at(-1);
    if (!last || !response.more || entries.length >= limit) break;
    start = Buffer.concat([last.key, Buffer.from([0])]);
  }
  return {
    entries,
    more: count > entries.length,
    count,
    revision: etcdRevision === 0 ? completeRevision(at) : storeRevision(at, LAST_POSITION),
  };
}

/**
 * Between two writes of one etcd revision: reads its end, then takes back the changes that came after `revision`.
 * Rare (lists name revisions of lists, which are complete), so it may cost a watch of its own.
 */
async function readBetween(
  connection: EtcdConnection,
  options: RangeOptions & { revision: Revision },
  services: Services,
): Promise<RangeResult> {
  const { revision, prefix, after, limit } = options;
  const etcdRevision = etcdRevisionOf(revision);
  if (etcdRevision === 0) return { entries: [], more: false, count: 0, revision };
  // Refused when it does not exist yet; the events are there if it does.
  await readAt(connection, { prefix, limit: 1 }, etcdRevision);
  const later = (await eventsOf(connection, etcdRevision, services)).filter((event) => {
    const key = eventKey(event);
    return (
      event.revision > revision &&
      key.startsWith(prefix) &&
      (after === undefined || compareKeys(key, after) > 0)
    );
  });
  const complete = await readAt(
    connection,
    { ...options, ...(limit === undefined ? {} : { limit: limit + later.length }) },
    etcdRevision,
  );
  return { ...takeBack(complete, later, limit), revision };
}

function takeBack(
  complete: RangeResult,
  later: readonly StoreEvent[],
  limit: number | undefined,
): Omit<RangeResult, 'revision'> {
  const undone = new Set(later.map(eventKey));
  const restored = later.flatMap(({ previous }) => (previous ? [previous] : []));
  const written = later.filter(({ type }) => type === 'put').length;
  const last = complete.entries.at(-1)?.key;
  const entries = complete.entries
    .filter(({ key }) => !undone.has(key))
    // What lies behind the part that was read belongs to a later page.
    .concat(restored.filter(({ key }) => !complete.more || last === undefined || compareKeys(key, last) <= 0))
    .sort((a, b) => compareKeys(a.key, b.key))
    .slice(0, limit);
  const count = complete.count - written + restored.length;
  return { entries, count, more: count > entries.length };
}

/** All events of one etcd revision, which exists. Throws CompactedError when they are not all there any more. */
function eventsOf(
  connection: EtcdConnection,
  etcdRevision: number,
  services: Services,
): Promise<StoreEvent[]> {
  return new Promise((resolve, reject) => {
    const stream = new EventStream(
      connection,
      completeRevision(etcdRevision - 1),
      {
        onEvents(events) {
          stream.close();
          resolve(events.filter((event) => etcdRevisionOf(event.revision) === etcdRevision));
        },
        onCompacted: reject,
      },
      services,
    );
  });
}

/** The first key behind all that begin with `prefix`: its last byte that can grow, grown. */
function prefixEnd(prefix: string): Buffer {
  const bytes = Buffer.from(prefix);
  for (let i = bytes.length - 1; i >= 0; i--) {
    const byte = bytes[i] ?? 0xff;
    if (byte < 0xff) {
      const end = Buffer.from(bytes.subarray(0, i + 1));
      end[i] = byte + 1;
      return end;
    }
  }
  return Buffer.from([0]);
}
