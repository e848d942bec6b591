import type { IEvent, IKeyValue } from 'etcd3';
import type { Revision, StoredEntry, StoreEvent } from '../store';

/**
 * Up to 128 writes share one etcd revision (group commit), yet each has a store revision of its own:
 *
 *     store revision = etcd revision × 128 + position
 *
 * - A **put** knows its position before it is sent (its place in the batch) and carries it in the first byte of the
 *   stored value, `0x80 | position`. So gets and ranges find it, too, and a gap left by a failed compare is harmless.
 * - **Deletes** leave no value behind, so they stand at the end of a batch and count backwards from 127: the last
 *   one that succeeded is 127, the one before it 126 … The deleter sees which deletes succeeded in its answer, and
 *   a watch sees them in its events, *provided that it watches every key*. All watches here therefore read one
 *   stream of all keys.
 * - A revision at which everything of an etcd revision has happened is position 127: that is what
 *   `currentRevision`, ranges and progress report.
 * - `createRevision` has position 0 always: etcd keeps the etcd revision of a creation, but no byte of ours.
 *
 * Worked example: a batch of put a, put b (compare fails), put c, delete d, delete e (missing), delete f becomes etcd
 * revision 7: a = 896, c = 898, d = 1022, f = 1023.
 *
 * Values written by others (no such first byte; neither JSON nor Kubernetes' protobuf begins so) count as position 0.
 * More than 128 changes in one etcd revision can only come from others; the surplus shares position 127.
 */
export const POSITIONS = 128;
export const LAST_POSITION = POSITIONS - 1;
const MARK = 0x80;

export function storeRevision(etcdRevision: number | string, position: number): Revision {
  return Number(etcdRevision) * POSITIONS + position;
}

/** The revision at which everything of that etcd revision has happened. */
export function completeRevision(etcdRevision: number | string): Revision {
  return storeRevision(etcdRevision, LAST_POSITION);
}

export function etcdRevisionOf(revision: Revision): number {
  return Math.floor(revision / POSITIONS);
}

export function positionOf(revision: Revision): number {
  return revision % POSITIONS;
}

/** The newest etcd revision of which everything has happened at `revision`. */
export function lastCompleteEtcdRevision(revision: Revision): number {
  const etcdRevision = etcdRevisionOf(revision);
  return Math.max(0, positionOf(revision) === LAST_POSITION ? etcdRevision : etcdRevision - 1);
}

export function encodeValue(position: number, value: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(value.length + 1);
  bytes[0] = MARK | position;
  bytes.set(value, 1);
  return bytes;
}

export function decodeValue(bytes: Buffer): { position: number; value: Uint8Array } {
  const first = bytes[0] ?? 0;
  return first >= MARK
    ? { position: first & ~MARK, value: bytes.subarray(1) }
    : { position: 0, value: bytes };
}

/** `[at least, less than]` for values that carry `position`; undefined where no bound is needed. */
export function valueBounds(position: number): { above: Buffer | undefined; below: Buffer | undefined } {
  return {
    // Nothing sensible lies between this and the next first byte: it would have to begin with 64 bytes 0xff.
    above:
      position === 0
        ? undefined
        : Buffer.concat([Buffer.from([(MARK | position) - 1]), Buffer.alloc(64, 0xff)]),
    below: position === LAST_POSITION ? undefined : Buffer.from([(MARK | position) + 1]),
  };
}

export function toEntry(kv: IKeyValue, position?: number): StoredEntry {
  const decoded = decodeValue(kv.value);
  return {
    key: kv.key.toString('utf8'),
    value: decoded.value,
    createRevision: storeRevision(kv.create_revision, 0),
    modRevision: storeRevision(kv.mod_revision, position ?? decoded.position),
  };
}

/** Positions of the deletes of one etcd revision, in their order. */
export function deletePosition(rank: number, deletes: number): number {
  return POSITIONS - deletes + rank;
}

/** Numbers what a watch of all keys received. Events of one etcd revision always arrive together. */
export function numberEvents(events: readonly IEvent[]): StoreEvent[] {
  const numbered: StoreEvent[] = [];
  for (let start = 0; start < events.length; ) {
    const etcdRevision = events[start]?.kv.mod_revision;
    let end = start + 1;
    while (end < events.length && events[end]?.kv.mod_revision === etcdRevision) end++;
    numberTogether(events.slice(start, end), numbered);
    start = end;
  }
  return numbered;
}

function numberTogether(events: readonly IEvent[], into: StoreEvent[]): void {
  const deletes = events.filter(isDelete).length;
  let rank = 0;
  let last = -1;
  for (const event of events) {
    const wanted = isDelete(event) ? deletePosition(rank++, deletes) : decodeValue(event.kv.value).position;
    const position = Math.min(LAST_POSITION, Math.max(wanted, last + 1));
    last = position;
    const revision = storeRevision(event.kv.mod_revision, position);
    // The client library fills an absent previous value with null.
    const previous = event.prev_kv ? toEntry(event.prev_kv) : undefined;
    into.push(
      isDelete(event)
        ? { type: 'delete', key: event.kv.key.toString('utf8'), previous, revision }
        : { type: 'put', entry: toEntry(event.kv, position), previous, revision },
    );
  }
}

const isDelete = (event: IEvent) => event.type === 'Delete';

export const eventKey = (event: StoreEvent): string => (event.type === 'put' ? event.entry.key : event.key);
