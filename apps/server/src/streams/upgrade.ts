import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@wheelhouse/shared/clock';
import { apiError, badRequest } from '@wheelhouse/shared/errors';
import { type WebSocket, WebSocketServer } from 'ws';
import { prepareSocket } from './socket';

/** An upgrade request that has been authorized, before it was answered. */
export interface Upgrade {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly clock: Clock;
}

const tokens = (header: string | string[] | undefined): string[] =>
  [header ?? []]
    .flat()
    .join(',')
    .split(',')
    .map((text) => text.trim())
    .filter(Boolean);

export const isWebSocket = ({ headers }: IncomingMessage): boolean =>
  tokens(headers.upgrade).some((name) => name.toLowerCase() === 'websocket');

export const isSpdy = ({ headers }: IncomingMessage): boolean =>
  tokens(headers.upgrade).some((name) => name.toLowerCase() === 'spdy/3.1');

/** The protocols that a WebSocket client offers, in its order. */
export const offeredProtocols = ({ headers }: IncomingMessage): string[] =>
  tokens(headers['sec-websocket-protocol']);

/**
 * The protocol that a SPDY client and this server have in common, the client's first choice; `fallback` for clients
 * older than the header. Throws Forbidden, as Kubernetes does, when there is none.
 */
export function spdyProtocol(req: IncomingMessage, served: readonly string[], fallback: string): string {
  const offered = tokens(req.headers['x-stream-protocol-version']);
  if (offered.length === 0) return fallback;
  const common = offered.find((protocol) => served.includes(protocol));
  if (common !== undefined) return common;
  throw apiError(
    'Forbidden',
    `unable to upgrade: unable to negotiate protocol: client supports ${JSON.stringify(offered)}, server accepts ${JSON.stringify(served)}`,
  );
}

/** Throws for what is an upgrade to nothing that streams are served over. */
export function unknownUpgrade(req: IncomingMessage): never {
  throw badRequest(
    `unable to upgrade: missing upgrade headers in request: ${JSON.stringify(tokens(req.headers.upgrade))}`,
  );
}

/** Answers the upgrade to SPDY; the socket speaks it from here on. */
export function acceptSpdy({ socket, head }: Upgrade, protocol: string): Duplex {
  prepareSocket(socket);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: ${protocol}\r\n\r\n`,
  );
  if (head.length) socket.unshift(head);
  return socket;
}

/** Answers the upgrade to WebSocket with one of the protocols that the client offered, or with none. */
export function acceptWebSocket(
  upgrade: Upgrade,
  protocol: string | undefined,
  maxPayload: number,
): Promise<WebSocket> {
  const { req, socket, head } = upgrade;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload,
    perMessageDeflate: false,
  });
  // The library knows only names without a slash, and kubectl's port-forward has one: the choice was made already.
  delete req.headers['sec-websocket-protocol'];
  if (protocol !== undefined)
    server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  prepareSocket(socket);
  return new Promise((resolve, reject) => {
    // The library answers a request that is no WebSocket handshake itself, and hangs up.
    socket.once('close', () => reject(badRequest('the WebSocket handshake failed')));
    server.handleUpgrade(req, socket, head, resolve);
  });
}
