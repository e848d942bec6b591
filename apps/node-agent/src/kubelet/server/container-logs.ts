import { Transform, type TransformCallback } from 'node:stream';
import type { LogOptions } from '../../runtime/runtime';
import { HttpError } from './http-error';

export interface LogRequest extends Omit<LogOptions, 'signal'> {
  readonly previous: boolean;
  readonly limitBytes: number | undefined;
}

/** Pure: the query of a log request; throws HttpError 400 for what is no such query. */
export function parseLogQuery(query: URLSearchParams, now: Date): LogRequest {
  const sinceSeconds = count(query, 'sinceSeconds', 1);
  const sinceTime = query.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime) {
    throw new HttpError(400, 'at most one of sinceTime or sinceSeconds may be specified');
  }
  if (sinceTime && Number.isNaN(Date.parse(sinceTime)))
    throw new HttpError(400, `sinceTime ${sinceTime} is no time`);
  return {
    follow: flag(query, 'follow'),
    previous: flag(query, 'previous'),
    timestamps: flag(query, 'timestamps'),
    tail: count(query, 'tailLines', 0),
    limitBytes: count(query, 'limitBytes', 1),
    since: sinceTime
      ? new Date(sinceTime)
      : sinceSeconds === undefined
        ? undefined
        : new Date(now.getTime() - sinceSeconds * 1000),
  };
}

const flag = (query: URLSearchParams, name: string): boolean =>
  ['true', '1', ''].includes(query.get(name) ?? 'false');

function count(query: URLSearchParams, name: string, least: number): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least)
    throw new HttpError(400, `${name} must be an integer of at least ${least}`);
  return number;
}

/** Passes the first `limit` bytes on, then ends. */
export class ByteLimit extends Transform {
  #rest: number;
  constructor(limit: number) {
    super();
    this.#rest = limit;
  }
  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#rest > 0) this.push(chunk.subarray(0, this.#rest));
    this.#rest -= chunk.length;
    if (this.#rest <= 0) this.push(null);
    done();
  }
}
