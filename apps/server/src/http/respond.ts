import type { OutgoingHttpHeaders } from 'node:http';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type ApiError, asApiError, notAcceptable } from '@wheelhouse/shared/errors';
import type { Logger } from '../component';
import { encodeAs, JSON_TYPE, LINE_END, type Named } from './encode-as';
import type { Res } from './extension';
import { encodingFor, requireProducible } from './negotiation';
import { type Asked, indented, wantsPretty } from './pretty';

const NO_CACHE = 'no-cache, private';

/**
 * Node types the two response classes apart, though they share the calls used here; one signature for both keeps the
 * rest of the code free of the distinction.
 */
export interface Writer {
  writeHead(status: number, headers?: OutgoingHttpHeaders): unknown;
  setHeader(name: string, value: string): unknown;
  getHeader(name: string): unknown;
  write(chunk: Uint8Array | string): boolean;
  end(chunk?: Uint8Array | string): unknown;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly destroyed: boolean;
  readonly req: Asked;
  destroy(error?: Error): unknown;
}

export function writerOf(res: Res): Writer {
  // Both classes have all of these members; their `write` overloads merely differ.
  return res as unknown as Writer;
}

/** Texts for Warning headers: what a header cannot hold is left out. */
function warningHeader(warnings: readonly string[]): string {
  return warnings
    .slice(0, 20)
    .map(
      (text) =>
        `299 - "${text
          .replace(/[^\x20-\x7e]/g, ' ')
          .replace(/["\\]/g, '\\$&')
          .slice(0, 1000)}"`,
    )
    .join(', ');
}

/** A warning for whatever the answer will be, before those that it brings along. */
export function warnAlways(res: Res, text: string): void {
  writerOf(res).setHeader('warning', warningHeader([text]));
}

/** Sends a whole body. */
export function send(
  res: Res,
  status: number,
  type: string,
  content: Uint8Array | string,
  warnings?: readonly string[],
): void {
  const body = type === JSON_TYPE ? asLine(content, writerOf(res).req) : content;
  const headers: OutgoingHttpHeaders = {
    'content-type': type,
    'cache-control': NO_CACHE,
    'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.length,
  };
  const writer = writerOf(res);
  if (warnings && warnings.length > 0) {
    const said = writer.getHeader('warning');
    headers.warning = [...(typeof said === 'string' ? [said] : []), warningHeader(warnings)].join(', ');
  }
  writer.writeHead(status, headers);
  writer.end(body);
}

/** A JSON text as the request wants it, with the end of its line. */
function asLine(text: Uint8Array | string, req: Asked): Uint8Array | string {
  if (wantsPretty(req, text.length))
    return `${indented(typeof text === 'string' ? text : Buffer.from(text).toString())}\n`;
  return typeof text === 'string'
    ? `${text}\n`
    : Buffer.concat([text, LINE_END], text.length + LINE_END.length);
}

/** Answers from this size on are compressed for clients that accept it, as Kubernetes does. */
export const COMPRESSED_FROM = 128 * 1024;

function wantsGzip(writer: Writer, length: number): boolean {
  return (
    length >= COMPRESSED_FROM &&
    /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/i.test(header(writer, 'accept-encoding'))
  );
}

function header(writer: Writer, name: string): string {
  const value = writer.req.headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}

/** Sends many chunks as one body, at the reader's pace; large ones compressed where the client accepts that. */
export async function sendChunks(
  res: Res,
  status: number,
  type: string,
  chunks: Iterable<Uint8Array>,
  length: number,
): Promise<void> {
  const writer = writerOf(res);
  if (type === JSON_TYPE && wantsPretty(writer.req, length)) {
    const text = `${indented(
      Buffer.concat([...chunks])
        .toString()
        .trimEnd(),
    )}\n`;
    return sendPieces(res, { status, type, chunks: [Buffer.from(text)], length: Buffer.byteLength(text) });
  }
  return sendPieces(res, { status, type, chunks, length });
}

interface Pieces {
  readonly status: number;
  readonly type: string;
  readonly chunks: Iterable<Uint8Array>;
  readonly length: number;
}

async function sendPieces(res: Res, { status, type, chunks, length }: Pieces): Promise<void> {
  const writer = writerOf(res);
  if (wantsGzip(writer, length)) return sendCompressed(res, { status, type, chunks });
  writer.writeHead(status, { 'content-type': type, 'cache-control': NO_CACHE, 'content-length': length });
  for (const chunk of chunks) {
    if (writer.destroyed) return;
    if (!writer.write(chunk)) await drained(writer);
  }
  writer.end();
}

async function sendCompressed(
  res: Res,
  answer: { status: number; type: string; chunks: Iterable<Uint8Array> },
): Promise<void> {
  const writer = writerOf(res);
  writer.writeHead(answer.status, {
    'content-type': answer.type,
    'cache-control': NO_CACHE,
    'content-encoding': 'gzip',
    vary: 'Accept-Encoding',
  });
  try {
    // Speed over size: the wire is rarely what a reader waits for. Compression runs beside the event loop.
    // Both response classes are writable streams; their declarations differ in overloads only.
    await pipeline(Readable.from(answer.chunks), createGzip({ level: 1 }), res as unknown as Writable);
  } catch (error) {
    if (!writer.destroyed) throw error;
    // The reader has gone; nobody is left to tell.
  }
}

/** Resolves when there is room again, or nobody to read. */
export function drained(writer: Writer): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      writer.off('drain', settle);
      writer.off('close', settle);
      resolve();
    };
    writer.once('drain', settle);
    writer.once('close', settle);
  });
}

export function sendJson(res: Res, status: number, value: unknown, warnings?: readonly string[]): void {
  send(res, status, JSON_TYPE, JSON.stringify(value), warnings);
}

/** A value that has no other form than itself, in the encoding that the client likes best. Throws NotAcceptable. */
export function sendObject(res: Res, status: number, value: Named, warnings?: readonly string[]): void {
  requireProducible(header(writerOf(res), 'accept'));
  sendConverted(res, status, value, warnings);
}

/** The same for the few answers that no router has looked at before, so that `application/*` will do. */
export function sendConverted(res: Res, status: number, value: Named, warnings?: readonly string[]): void {
  const encoding = encodingFor(header(writerOf(res), 'accept'));
  if (!encoding) {
    throw notAcceptable(
      'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf',
    );
  }
  const { type, body } = encodeAs(encoding, value);
  send(res, status, type, body, warnings);
}

export function sendText(res: Res, status: number, text: string): void {
  const writer = writerOf(res);
  writer.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': NO_CACHE,
    'content-length': Buffer.byteLength(text),
    'x-content-type-options': 'nosniff',
  });
  writer.end(text);
}

/** An answer that is no Status: Kubernetes gives a few of its own failures as plain text. */
export class PlainTextError extends Error {
  override name = 'PlainTextError';
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** Answers with the error's Status; unknown errors are logged and shown without their text. */
export function sendError(res: Res, thrown: unknown, log: Logger): void {
  if (thrown instanceof PlainTextError && !writerOf(res).headersSent) {
    sendText(res, thrown.code, `${thrown.message}\n`);
    return;
  }
  const error: ApiError = asApiError(thrown);
  if (error.cause !== undefined) log.error({ err: error.cause }, 'a request failed for an unforeseen reason');
  const writer = writerOf(res);
  if (writer.destroyed || writer.writableEnded) return;
  if (writer.headersSent) {
    writer.destroy();
    return;
  }
  // Whoever accepts nothing of what there is gets to read why as JSON.
  const { type, body: content } = encodeAs(encodingFor(header(writer, 'accept')) ?? 'json', error.status);
  const body = type === JSON_TYPE ? asLine(content, writer.req) : content;
  const headers: OutgoingHttpHeaders = {
    'content-type': type,
    'cache-control': NO_CACHE,
    'content-length': Buffer.byteLength(body),
  };
  if (error.retryAfterSeconds !== undefined) headers['retry-after'] = String(error.retryAfterSeconds);
  // The rest of a body that was too large is not read: the connection cannot be used again.
  if (error.code === 413 && 'shouldKeepAlive' in res) headers.connection = 'close';
  writer.writeHead(error.code, headers);
  writer.end(body);
}
