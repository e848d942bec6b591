import { createHash } from 'node:crypto';
import type { Req, Res } from './extension';
import { writerOf } from './respond';

/** Names a content: the same bytes have the same tag. */
export const entityTag = (body: Uint8Array | string): string =>
  createHash('sha256').update(body).digest('hex').slice(0, 32).toUpperCase();

/** A document that clients keep: who shows its tag is told that it has not changed. */
export function sendKept(req: Req, res: Res, { type, body }: { type: string; body: string }): void {
  const writer = writerOf(res);
  const etag = `"${entityTag(body)}"`;
  const headers = { 'content-type': type, etag, vary: 'Accept', 'cache-control': 'public' };
  if (req.headers['if-none-match'] === etag) {
    writer.writeHead(304, headers);
    writer.end();
    return;
  }
  writer.writeHead(200, { ...headers, 'content-length': Buffer.byteLength(body) });
  writer.end(body);
}
