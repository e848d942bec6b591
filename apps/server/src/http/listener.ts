import type { IncomingMessage } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '../component';
import type { Req, Res } from './extension';

export interface ListenOptions {
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  /** PEM texts; `ca` signs the client certificates that are recognised. */
  readonly tls: {
    readonly key: string | Buffer;
    readonly cert: string | Buffer;
    readonly ca: string | Buffer;
  };
}

export interface Listener {
  readonly port: number;
  /** Stops accepting; connections end when no request is under way, at the latest when `graceMs` have passed. */
  close(graceMs: number): Promise<void>;
}

/**
 * HTTP/1.1 and HTTP/2 on one TLS port. Client certificates are asked for, not demanded, and judged by the
 * authenticator. Rejects when the port cannot be had.
 */
export async function listen(
  options: ListenOptions,
  handlers: {
    onRequest(req: Req, res: Res): void;
    onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  },
  log: Logger,
): Promise<Listener> {
  const server: Http2SecureServer = createSecureServer({
    allowHTTP1: true,
    key: options.tls.key,
    cert: options.tls.cert,
    ca: options.tls.ca,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    // Room for many watches on one connection, as client-go keeps them.
    settings: { maxConcurrentStreams: 1000 },
    maxSessionMemory: 64,
  });
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => sockets.delete(socket));
    // Resets and half-open scans are the network's daily life.
    socket.on('error', () => socket.destroy());
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });
  let underWay = 0;
  let whenIdle: (() => void) | undefined;
  server.on('request', (req: Req, res: Res) => {
    underWay++;
    res.once('close', () => {
      if (--underWay === 0) whenIdle?.();
    });
    handlers.onRequest(req, res);
  });
  server.on('upgrade', handlers.onUpgrade);
  server.on('tlsClientError', () => undefined);
  server.on('sessionError', (error) => log.debug({ err: error }, 'an HTTP/2 session failed'));

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', (error) => log.error({ err: error }, 'the API listener failed'));
  // A TCP server's address is always of this form.
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close(graceMs) {
      return new Promise((resolve) => {
        const hangUp = () => {
          clearTimeout(force);
          for (const session of sessions) session.close();
          // Connections between two requests do not end by themselves.
          for (const socket of sockets) socket.destroy();
        };
        const force = setTimeout(hangUp, graceMs);
        server.close(() => resolve());
        whenIdle = hangUp;
        if (underWay === 0) hangUp();
      });
    },
  };
}
