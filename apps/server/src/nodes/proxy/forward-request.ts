import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls } from 'node:tls';
import { createGunzip } from 'node:zlib';
import { asApiError, serviceUnavailable } from '@wheelhouse/shared/errors';
import type { Req, Res } from '../../http/extension';
import { prepareSocket } from '../../streams/socket';
import { hostOf, requestHeaders, responseHeaders } from './proxy-headers';
import { type ProxyPath, rewriteLink, rewritePage } from './proxy-path';

/** A page that is longer keeps its links as they are. */
const MAX_PAGE = 4 * 1024 * 1024;

/** A new connection to whatever is proxied to. */
export type Dial = () => Promise<Duplex>;

/** The connection that requests are sent over; over TLS nobody knows the target's name, so none is checked. */
export async function openTarget(dial: Dial, scheme: 'http' | 'https'): Promise<Duplex> {
  try {
    const raw = await dial();
    raw.on('error', () => undefined);
    if (scheme === 'http') return raw;
    const secure = connectTls({ socket: raw, rejectUnauthorized: false });
    await once(secure, 'secureConnect');
    return secure;
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${asApiError(error).message}`);
  }
}

/** Passes a request on over `connection`, and the answer back, with redirects and links that lead through the proxy. */
export async function forwardRequest(
  { req, res }: { readonly req: Req; readonly res: Res },
  connection: Duplex,
  path: ProxyPath,
): Promise<void> {
  const hangUp = () => connection.destroy();
  res.once('close', hangUp);
  try {
    const answer = await ask(req, connection, path);
    await passBack(answer, res, { prefix: path.prefix, host: hostOf(req), method: req.method ?? 'GET' });
  } finally {
    res.off('close', hangUp);
    connection.destroy();
  }
}

async function ask(req: Req, connection: Duplex, path: ProxyPath): Promise<IncomingMessage> {
  const outgoing = httpRequest({
    createConnection: () => connection,
    method: req.method ?? 'GET',
    path: path.target + path.query,
    headers: requestHeaders(req, { uri: path.prefix + path.target }, false),
    setHost: false,
    // As Go's client, which Kubernetes uses here: small servers end their headers' lines without a CR, for example.
    insecureHTTPParser: true,
  });
  const answered = once(outgoing, 'response');
  // Heard through `answered`; later ones end the answer.
  outgoing.on('error', () => undefined);
  if (hasBody(req)) req.pipe(outgoing);
  else outgoing.end();
  try {
    const [answer] = await answered;
    return answer;
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${asApiError(error).message}`);
  }
}

function hasBody(req: Req): boolean {
  if ('stream' in req) return !req.stream.endAfterHeaders;
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

async function passBack(
  answer: IncomingMessage,
  res: Res,
  asked: { readonly prefix: string; readonly host: string; readonly method: string },
): Promise<void> {
  const headers = responseHeaders(answer.headers);
  const rewrite = (link: string) => rewriteLink(link, asked.prefix, asked.host);
  if (typeof headers.location === 'string') headers.location = rewrite(headers.location);
  const status = answer.statusCode ?? 502;
  const isPage = /^text\/html\b/i.test(answer.headers['content-type'] ?? '') && asked.method !== 'HEAD';
  const encoding = answer.headers['content-encoding'];
  if (isPage && (encoding === undefined || encoding === 'identity' || encoding === 'gzip')) {
    const body = encoding === 'gzip' ? answer.pipe(createGunzip()) : answer;
    delete headers['content-encoding'];
    delete headers['content-length'];
    return sendPage(body, { res, status, headers }, rewrite);
  }
  writeHead(res, status, headers);
  await send(answer, res);
}

async function sendPage(
  body: Readable,
  { res, status, headers }: { res: Res; status: number; headers: OutgoingHttpHeaders },
  rewrite: (link: string) => string,
): Promise<void> {
  const chunks: Buffer[] = [];
  let length = 0;
  const rest = body[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await rest.next();
    if (done) {
      const page = Buffer.from(rewritePage(Buffer.concat(chunks).toString('latin1'), rewrite), 'latin1');
      writeHead(res, status, { ...headers, 'content-length': page.length });
      return send([page], res);
    }
    chunks.push(value);
    length += value.length;
    if (length > MAX_PAGE) break;
  }
  writeHead(res, status, headers);
  async function* all() {
    yield* chunks;
    yield* { [Symbol.asyncIterator]: () => rest };
  }
  await send(all(), res);
}

function writeHead(res: Res, status: number, headers: OutgoingHttpHeaders): void {
  res.writeHead(status, headers);
  if ('flushHeaders' in res) res.flushHeaders();
}

async function send(body: Readable | Iterable<Buffer> | AsyncIterable<Buffer>, res: Res): Promise<void> {
  // HTTP/2 answers write through their stream; the response object is a facade without backpressure events of its own.
  const target = 'stream' in res ? res.stream : res;
  try {
    await pipeline(body, target);
  } catch {
    // The head is sent: a broken answer is told by its broken end.
    target.destroy();
  }
}

/** Passes an upgrade on as it came; from there on the bytes of both sides. */
export function forwardUpgrade(
  { req, socket, head }: { readonly req: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
  connection: Duplex,
  path: ProxyPath,
): void {
  prepareSocket(socket);
  const headers = requestHeaders(req, { uri: path.prefix + path.target }, true);
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((text) => `${name}: ${text}`),
  );
  const target = (path.target || '/') + path.query;
  connection.write(`${req.method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  if (head.length) connection.write(head);
  connection.once('close', () => socket.destroy());
  socket.once('close', () => connection.destroy());
  connection.pipe(socket);
  socket.pipe(connection);
}
