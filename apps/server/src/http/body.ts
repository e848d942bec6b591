import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { badRequest, tooLarge, unsupportedMediaType } from '@wheelhouse/shared/errors';
import type { Req } from './extension';
import { parseJson } from './json-body';
import { decodeProtobuf, PROTOBUF_TYPE } from './protobuf/decode';
import { parseYaml } from './yaml-body';

/** To whom sends an object in another form. */
export const UNKNOWN_FORMAT = `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ${PROTOBUF_TYPE}`;

/** As Kubernetes: what a request may send, unpacked. */
export const LARGEST_BODY = 3 * 1024 * 1024;

const unzip = promisify(gunzip);

/**
 * Reads a request's body. A body that says it is too large is refused before a byte of it is kept; one that does not
 * say is cut off at the limit. Throws RequestEntityTooLarge or BadRequest.
 */
export async function readBody(req: Req): Promise<Buffer> {
  const announced = Number(req.headers['content-length'] ?? 0);
  if (announced > LARGEST_BODY) throw bodyTooLarge();
  const packed = await collect(req);
  const encoding = req.headers['content-encoding'];
  if (encoding === undefined || encoding === 'identity') return packed;
  if (encoding !== 'gzip')
    throw unsupportedMediaType(`the content encoding ${JSON.stringify(encoding)} is not known`);
  try {
    return await unzip(packed, { maxOutputLength: LARGEST_BODY });
  } catch (error) {
    const tooLong = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw tooLong ? bodyTooLarge() : badRequest('the body is not valid gzip');
  }
}

function bodyTooLarge() {
  return tooLarge(`Request entity too large: limit is ${LARGEST_BODY}`);
}

function collect(req: Req): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST_BODY) {
        req.pause();
        req.removeAllListeners('data');
        reject(bodyTooLarge());
        return;
      }
      chunks.push(chunk);
    });
    req.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)));
    req.on('error', () => reject(badRequest('the body ended early')));
    req.on('aborted', () => reject(badRequest('the body ended early')));
  });
}

/** The media type of a Content-Type header, without parameters. Throws UnsupportedMediaType for one without a type. */
export function mediaType(req: Req): string {
  const header = req.headers['content-type'] ?? '';
  if (header.trim().startsWith(';')) throw unsupportedMediaType(UNKNOWN_FORMAT);
  const semicolon = header.indexOf(';');
  return (semicolon < 0 ? header : header.slice(0, semicolon)).trim().toLowerCase();
}

/**
 * A JSON, YAML or protobuf body as a value; an empty one is undefined. `problems` gets what strict field validation
 * refuses though the value can be read (keys that stand twice). Throws BadRequest, UnsupportedMediaType.
 */
export async function parseBody(body: Buffer, type: string, problems?: string[]): Promise<unknown> {
  if (body.length === 0) return undefined;
  if (type === PROTOBUF_TYPE) return decodeProtobuf(body);
  if (!isUtf8(body)) throw badRequest('the body is not valid UTF-8');
  const text = body.toString('utf8');
  switch (type) {
    case '':
    case 'application/json':
    case 'application/json-patch+json':
    case 'application/merge-patch+json':
    case 'application/strategic-merge-patch+json':
      return parseJson(text, problems);
    case 'application/yaml':
    case 'application/apply-patch+yaml':
      return parseYaml(text, problems);
    default:
      throw unsupportedMediaType(UNKNOWN_FORMAT);
  }
}
