import { createServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { Clock } from '@wheelhouse/shared/clock';
import type { Logger } from 'pino';
import { createWebSocketStream, type WebSocket } from 'ws';

/** The server pings every 10 s; after three missed pings it is gone, or the network in between is. */
const SILENCE_MS = 35_000;
const STREAM_WINDOW = 256 * 1024;

/**
 * Answers the server's requests to this node (`/containerLogs/…`, `/exec/…`). For streams that carry raw bytes both
 * ways (`CONNECT`, used for exec and port-forward) it answers 200 and then reads `req` and writes `res`.
 */
export type TunnelHandler = (req: Http2ServerRequest, res: Http2ServerResponse) => void;

/** Serves HTTP/2 over WebSockets: one handler, any number of connections one after the other. */
export interface TunnelServer {
  /** Takes over a WebSocket that just became a tunnel. Ends with the socket. */
  serve(socket: WebSocket): void;
}

export function createTunnelServer(options: {
  readonly handler: TunnelHandler;
  readonly clock: Clock;
  readonly log: Logger;
}): TunnelServer {
  const { handler, clock, log } = options;
  const server = createServer({
    settings: { enableConnectProtocol: true, initialWindowSize: STREAM_WINDOW },
    maxSessionMemory: 64,
  });
  server.on('request', handler);
  // Node hands CONNECT requests to this event alone.
  server.on('connect', handler as (...parameters: unknown[]) => void);
  server.on('sessionError', (error) => log.debug({ err: error }, 'tunnel session failed'));

  return {
    serve(socket) {
      const stream = createWebSocketStream(socket);
      stream.on('error', (error) => log.debug({ err: error }, 'tunnel socket failed'));
      // An HTTP/2 session that gives up leaves its stream closed; the socket must not linger.
      stream.once('close', () => socket.terminate());
      server.emit('connection', stream);
      const hangUp = () => {
        log.warn('the server fell silent; the connection is closed');
        socket.terminate();
      };
      let cancel = clock.after(SILENCE_MS, hangUp);
      socket.on('ping', () => {
        cancel();
        cancel = clock.after(SILENCE_MS, hangUp);
      });
      socket.once('close', () => cancel());
    },
  };
}
