import type { Revision, StoredEntry } from '../store';

/**
 * How the embedded store lies on disk (format 1). Three LMDB tables:
 *
 * - `log`    revision → one change (put or delete), with the value. Only ever appended to; compaction removes.
 * - `keys`   key → which change of it is the current one. A key that does not exist has no entry.
 * - `meta`   the counters and the format version.
 *
 * Worked example: create /a (1), create /b (2), update /a (3), delete /b (4):
 *   log   1 put /a ─ · 2 put /b ─ · 3 put /a (previous 1) · 4 delete /b (previous 2)
 *   keys  /a → 3
 * `compact(3)` looks at changes 1 to 3 and drops what they replaced: log 1. Changes 2 and 4 stay, so a watch after
 * 3 can still deliver "/b deleted" with its previous value.
 */
export const FORMAT_VERSION = 1;

/** One change in the log. */
export interface LogRecord {
  readonly op: 'put' | 'delete';
  readonly key: string;
  /** 0 for a delete. */
  readonly createRevision: Revision;
  /** The change that this one replaced; 0 when the key did not exist. Its log record lives as long as this one matters. */
  readonly previousRevision: Revision;
  /** Empty for a delete. */
  readonly value: Uint8Array;
}

export interface KeyRecord {
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Empty: no lease. */
  readonly lease: string;
}

const LOG_HEADER = 19;

/** op (1 byte), createRevision (8), previousRevision (8), key length (2), key, value. */
export function encodeLog(record: LogRecord): Buffer {
  const keyLength = Buffer.byteLength(record.key);
  const bytes = Buffer.allocUnsafe(LOG_HEADER + keyLength + record.value.length);
  bytes[0] = record.op === 'put' ? 1 : 2;
  bytes.writeDoubleBE(record.createRevision, 1);
  bytes.writeDoubleBE(record.previousRevision, 9);
  bytes.writeUInt16BE(keyLength, 17);
  bytes.write(record.key, LOG_HEADER);
  bytes.set(record.value, LOG_HEADER + keyLength);
  return bytes;
}

export function decodeLog(bytes: Buffer): LogRecord {
  const valueStart = LOG_HEADER + bytes.readUInt16BE(17);
  return {
    op: bytes[0] === 1 ? 'put' : 'delete',
    createRevision: bytes.readDoubleBE(1),
    previousRevision: bytes.readDoubleBE(9),
    key: bytes.toString('utf8', LOG_HEADER, valueStart),
    value: bytes.subarray(valueStart),
  };
}

export function encodeKey(record: KeyRecord): Buffer {
  const bytes = Buffer.allocUnsafe(16 + Buffer.byteLength(record.lease));
  bytes.writeDoubleBE(record.createRevision, 0);
  bytes.writeDoubleBE(record.modRevision, 8);
  bytes.write(record.lease, 16);
  return bytes;
}

export function decodeKey(bytes: Buffer): KeyRecord {
  return {
    createRevision: bytes.readDoubleBE(0),
    modRevision: bytes.readDoubleBE(8),
    lease: bytes.length > 16 ? bytes.toString('utf8', 16) : '',
  };
}

export function entryOf(record: LogRecord, modRevision: Revision): StoredEntry {
  return { key: record.key, value: record.value, createRevision: record.createRevision, modRevision };
}
