import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import { buildOpenApiV2, type OpenApiV2Document } from '@wheelhouse/shared/openapi/v2';
import { encodeOpenApiV2 } from '@wheelhouse/shared/openapi/v2-protobuf';
import { buildOpenApiV3, openApiV3Index, openApiV3Paths } from '@wheelhouse/shared/openapi/v3';
import { parseAccept } from './accept';
import { entityTag, hasContent } from './entity-tag';
import type { GroupProxy, Req, Res } from './extension';
import { writerOf } from './respond';
import type { PathHandler } from './router';
import { noSuchResource } from './status-errors';

const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const zip = promisify(gzip);

interface Document {
  readonly type: string;
  readonly body: Buffer;
  readonly etag: string;
  zipped: Promise<Buffer> | undefined;
}

/** `/openapi/v2` (JSON, or protobuf for older kubectl) and `/openapi/v3/…`; each is built when it is first asked for. */
export function openApiHandler(
  served: { readonly kinds: readonly KindDefinition[]; readonly generation: string },
  others: () => GroupProxy | undefined,
  version: string,
): PathHandler {
  const documents = new Map<string, Document>();
  let { kinds } = served;
  let generation = '';
  const keep = (id: string, type: string, make: () => Uint8Array | string): Document => {
    let document = documents.get(id);
    if (!document) {
      const body = Buffer.from(make());
      const etag = entityTag(body);
      document = { type, body, etag, zipped: undefined };
      documents.set(id, document);
    }
    return document;
  };
  const v3 = (path: string) => {
    const [, group = '', groupVersion = ''] = path.split('/');
    const at = path.startsWith('api/') ? { group: '', version: group } : { group, version: groupVersion };
    return keep(path, 'application/json', () =>
      JSON.stringify(ofOthers(others(), path) ?? buildOpenApiV3(kinds, at.group, at.version, version)),
    );
  };
  return async (req, res, path) => {
    if (!path.startsWith('/openapi/')) return false;
    const current = `${served.generation} ${others()?.generation ?? 0}`;
    if (generation !== current) {
      documents.clear();
      generation = current;
      ({ kinds } = served);
    }
    if (path === '/openapi/v2') {
      const wantsProtobuf = acceptsProtobuf(req.headers.accept);
      const v2 = () => withOthers(buildOpenApiV2(kinds, version), others());
      await answer(
        req,
        res,
        wantsProtobuf
          ? keep('v2 protobuf', PROTOBUF_TYPE, () => encodeOpenApiV2(v2()))
          : keep('v2', 'application/json', () => JSON.stringify(v2())),
      );
      return true;
    }
    if (path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return false;
    const name = path.slice('/openapi/v3/'.length);
    if (name === '') {
      const own = openApiV3Index(kinds, (document) => v3(document).etag);
      const more = pathsOfOthers(others()).map((document) => [
        document,
        { serverRelativeURL: `/openapi/v3/${document}?hash=${v3(document).etag}` },
      ]);
      const index = { paths: { ...own.paths, ...Object.fromEntries(more) } };
      await answer(
        req,
        res,
        keep('v3', 'application/json', () => JSON.stringify(index)),
      );
      return true;
    }
    if (!openApiV3Paths(kinds).includes(name) && !ofOthers(others(), name)) throw noSuchResource();
    await answer(req, res, v3(name));
    return true;
  };
}

function pathsOfOthers(proxy: GroupProxy | undefined): string[] {
  return (proxy?.published ?? []).flatMap(({ v3 }) => [...v3.keys()]);
}

function ofOthers(proxy: GroupProxy | undefined, path: string): object | undefined {
  return proxy?.published.find(({ v3 }) => v3.has(path))?.v3.get(path);
}

/** This server's own types come first where a name is taken by several. */
function withOthers(own: OpenApiV2Document, proxy: GroupProxy | undefined): OpenApiV2Document {
  const all = { ...own };
  for (const { v2 } of proxy?.published ?? []) {
    all.paths = { ...v2.paths, ...all.paths };
    all.definitions = { ...v2.definitions, ...all.definitions };
  }
  return all;
}

function acceptsProtobuf(accept: string | undefined): boolean {
  if (!accept?.includes('proto')) return false;
  for (const { type } of parseAccept(accept)) {
    if (type.startsWith('application/com.github.proto-openapi.spec.v2')) return true;
    if (type === 'application/json') return false;
  }
  return false;
}

/** The address names the content, as those of the index do: it is never asked for again. */
const IMMUTABLE = { 'cache-control': 'public, immutable, max-age=31536000' };

const isNamedByTag = (req: Req, document: Document) =>
  new URLSearchParams(req.url?.split('?')[1]).get('hash') === document.etag;

/** These are large and never change while the server runs: clients may keep them, and get them packed. */
async function answer(req: Req, res: Res, document: Document): Promise<void> {
  const writer = writerOf(res);
  const etag = `"${document.etag}"`;
  const headers = {
    'content-type': document.type,
    etag,
    vary: 'Accept, Accept-Encoding',
    ...(isNamedByTag(req, document) ? IMMUTABLE : {}),
  };
  if (hasContent(req, etag)) {
    writer.writeHead(304, headers);
    writer.end();
    return;
  }
  const packed = /\bgzip\b/.test(String(req.headers['accept-encoding'] ?? ''));
  if (packed) document.zipped ??= zip(document.body, { level: constants.Z_BEST_SPEED });
  const body = packed && document.zipped ? await document.zipped : document.body;
  writer.writeHead(200, {
    ...headers,
    'content-length': body.length,
    ...(packed ? { 'content-encoding': 'gzip' } : {}),
  });
  writer.end(body);
}
