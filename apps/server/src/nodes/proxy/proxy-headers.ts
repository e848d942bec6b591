import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Req } from '../../http/extension';

/** Headers of one connection, not of the message. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
/** Who the client is to the API is nothing to whatever it reaches through it. */
const CREDENTIALS = /^(authorization$|impersonate-)/;
const TOKEN_PROTOCOL = 'base64url.bearer.authorization.k8s.io.';

/** What the target is told. `upgrade` keeps what asks for another protocol. */
export function requestHeaders(req: Req, forwarded: { uri: string }, upgrade: boolean): OutgoingHttpHeaders {
  const host = hostOf(req);
  const headers = endToEnd(req.headers);
  for (const name of Object.keys(headers)) if (CREDENTIALS.test(name)) delete headers[name];
  const protocols = headers['sec-websocket-protocol'];
  if (typeof protocols === 'string' && protocols.includes(TOKEN_PROTOCOL)) {
    const rest = protocols.split(',').filter((text) => !text.trim().startsWith(TOKEN_PROTOCOL));
    if (rest.length) headers['sec-websocket-protocol'] = rest.join(',').trim();
    else delete headers['sec-websocket-protocol'];
  }
  headers.host = host;
  const address = req.socket?.remoteAddress;
  const before = req.headers['x-forwarded-for'];
  if (address) headers['x-forwarded-for'] = before ? `${before}, ${address}` : address;
  headers['x-forwarded-host'] = host;
  headers['x-forwarded-proto'] = 'https';
  headers['x-forwarded-uri'] = forwarded.uri;
  if (upgrade) {
    headers.connection = 'Upgrade';
    if (req.headers.upgrade !== undefined) headers.upgrade = req.headers.upgrade;
  }
  return headers;
}

/**
 * Whether a browser asks by its session at the console: a pod's pages, shown there, could do whatever that session can.
 */
export const asksByConsoleSession = ({ headers }: Req): boolean =>
  headers.authorization === undefined && /(?:^|;)\s*wheelhouse-\d+=/.test(headers.cookie ?? '');

/** What of an answer goes on to the client. */
export const responseHeaders = (headers: IncomingHttpHeaders): OutgoingHttpHeaders => endToEnd(headers);

/** The Host that the client asked, in either version of HTTP. */
export function hostOf(req: Req): string {
  const authority = req.headers[':authority'];
  return (typeof authority === 'string' ? authority : req.headers.host) ?? '';
}

function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !name.startsWith(':') && !HOP_BY_HOP.has(name) && !named.includes(name),
    ),
  );
}
