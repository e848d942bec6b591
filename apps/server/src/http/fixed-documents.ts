import { writerOf } from './respond';
import type { PathHandler } from './router';
import { noSuchMethod } from './status-errors';

/** A document that stays the same for as long as the server runs. */
export interface FixedDocument {
  readonly path: string;
  /** Media type. */
  readonly type: string;
  readonly body: string;
  /** How long others may keep it. */
  readonly seconds: number;
}

export function fixedDocumentsHandler(documents: readonly FixedDocument[]): PathHandler {
  const byPath = new Map(documents.map((document) => [document.path, document]));
  return (req, res, path) => {
    const document = byPath.get(path);
    if (!document) return false;
    if (req.method !== 'GET') throw noSuchMethod();
    const writer = writerOf(res);
    writer.writeHead(200, {
      'content-type': document.type,
      'cache-control': `public, max-age=${document.seconds}`,
      'content-length': Buffer.byteLength(document.body),
    });
    writer.end(document.body);
    return true;
  };
}
