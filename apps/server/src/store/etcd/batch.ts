import type { ICompare, IRequestOp, ITxnRequest, ITxnResponse } from 'etcd3';
import type { Write, WriteResult } from '../store';
import {
  deletePosition,
  encodeValue,
  etcdRevisionOf,
  positionOf,
  storeRevision,
  toEntry,
  valueBounds,
} from './numbering';

/** etcd's default limit is 1.5 MiB a request; keys, compares and framing need room as well. */
const LARGEST_BATCH_BYTES = 1_000_000;
/** etcd's default limit is 128 operations, from which it takes off what each inner transaction may do (here: 3). */
const LARGEST_BATCH = 120;

/** Takes writes off the front of `waiting` that may travel together: no key twice, none of `busyKeys`. */
export function takeBatch<T extends { readonly write: Write }>(
  waiting: T[],
  busyKeys: ReadonlySet<string>,
): T[] {
  const batch: T[] = [];
  const left: T[] = [];
  const keys = new Set<string>();
  let bytes = 0;
  let full = false;
  for (const item of waiting) {
    const { write } = item;
    const size = write.key.length + (write.op === 'put' ? write.value.length : 0);
    full ||= batch.length === LARGEST_BATCH || (batch.length > 0 && bytes + size > LARGEST_BATCH_BYTES);
    // Later writes of a key stay behind the first, so that writes of one key keep their order.
    if (full || keys.has(write.key) || busyKeys.has(write.key)) {
      left.push(item);
    } else {
      batch.push(item);
      bytes += size;
    }
    keys.add(write.key);
  }
  waiting.splice(0, waiting.length, ...left);
  return batch;
}

/** Puts before deletes: numbering needs deletes at the end. */
export function sortBatch<T extends { readonly write: Write }>(batch: readonly T[]): T[] {
  return [
    ...batch.filter(({ write }) => write.op === 'put'),
    ...batch.filter(({ write }) => write.op === 'delete'),
  ];
}

/** One transaction of transactions, each with its own compare; `writes` as {@link sortBatch} ordered them. */
export function toTransaction(writes: readonly Write[]): ITxnRequest {
  return {
    success: writes.map((write, position): IRequestOp => {
      const key = Buffer.from(write.key);
      const success: IRequestOp =
        write.op === 'put'
          ? {
              request_put: {
                key,
                value: encodeValue(position, write.value),
                ...(write.lease ? { lease: write.lease } : {}),
              },
            }
          : { request_delete_range: { key } };
      return {
        request_txn: {
          compare: comparesOf(write, key),
          success: [success],
          failure: [{ request_range: { key } }],
        },
      };
    }),
  };
}

function comparesOf(write: Write, key: Buffer): ICompare[] {
  const { expected } = write;
  const modIs = (revision: number): ICompare => ({
    key,
    target: 'Mod',
    result: 'Equal',
    mod_revision: revision,
  });
  if (expected === undefined) {
    return write.op === 'put' ? [] : [{ key, target: 'Mod', result: 'Greater', mod_revision: 0 }];
  }
  // A delete never succeeds on what does not exist; −1 is a revision that no key has.
  if (expected === 0) return [modIs(write.op === 'put' ? 0 : -1)];
  const etcdRevision = etcdRevisionOf(expected);
  if (etcdRevision === 0) return [modIs(-1)];
  const { above, below } = valueBounds(positionOf(expected));
  return [
    modIs(etcdRevision),
    ...(above ? [{ key, target: 'Value', result: 'Greater', value: above } satisfies ICompare] : []),
    ...(below ? [{ key, target: 'Value', result: 'Less', value: below } satisfies ICompare] : []),
  ];
}

/** The result of each write, in the order of `writes`. */
export function toResults(writes: readonly Write[], response: ITxnResponse): WriteResult[] {
  const outcomes = writes.map((write, position) => ({
    write,
    position,
    answer: response.responses[position]?.response_txn,
  }));
  const deleted = outcomes.filter(({ write, answer }) => write.op === 'delete' && answer?.succeeded);
  let rank = 0;
  return outcomes.map(({ write, position, answer }): WriteResult => {
    if (answer?.succeeded) {
      const own = write.op === 'put' ? position : deletePosition(rank++, deleted.length);
      return { ok: true, revision: storeRevision(response.header.revision, own) };
    }
    const kv = answer?.responses[0]?.response_range.kvs[0];
    return { ok: false, current: kv && toEntry(kv) };
  });
}
