import { createHash } from 'node:crypto';
import type { Req, Res } from './extension';
import { writerOf } from './respond';

/** Names a content: the same bytes have the same tag. */
export const entityTag = (body: Uint8Array | string): string =>
  createHash('sha256').update(body).digest('hex').slice(0, 32).toUpperCase();

/** Whether a request says that it has this content already, or any at all. */
export function hasContent(req: Req, tag: string): boolean {
  const header = req.headers['if-none-match'] ?? '';
  return header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}

/** A document that clients keep: who shows its tag is told that it has not changed. */
export function sendKept(req: Req, res: Res, { type, body }: { type: string; body: string }): void {
  const writer = writerOf(res);
  const etag = `"${entityTag(body)}"`;
  const headers = { 'content-type': type, etag, vary: 'Accept', 'cache-control': 'public' };
  if (hasContent(req, etag)) {
    writer.writeHead(304, headers);
    writer.end();
    return;
  }
  writer.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) });
  writer.end(body);
}
