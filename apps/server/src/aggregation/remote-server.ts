import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { ApiError, asApiError, serviceUnavailable } from '@wheelhouse/shared/errors';
import type { Req, Res, UserInfo } from '../http/extension';

/** Opens a connection to a port of a service. */
export type ServiceDialer = (service: { namespace: string; name: string; port: number }) => Promise<Duplex>;

/** The certificate by which other servers know this one, and believe it who is asking. */
export interface FrontProxyIdentity {
  readonly certificate: string;
  readonly key: string;
}

export interface RemoteServerOptions {
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  /** PEM; undefined: the usual authorities. */
  readonly ca: string | undefined;
  readonly insecure: boolean;
  readonly dial: ServiceDialer;
  readonly identity: FrontProxyIdentity;
}

/** Nobody could be connected to. */
export class Unreachable extends ApiError {
  constructor(readonly why: unknown) {
    super(serviceUnavailable(`error trying to reach service: ${asApiError(why).message}`).status);
  }
}

/** Headers that mean this hop only, or that nobody but this server may set. */
const OWN = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'authorization',
  'cookie',
  'host',
]);
/** Answers to discovery are small; more is not one. */
const LARGEST_DOCUMENT = 4 * 1024 * 1024;
const CONNECT_MS = 5000;

/** Another API server behind a service, to which requests are passed on in the name of who sent them. */
export class RemoteServer {
  constructor(private readonly options: RemoteServerOptions) {}

  /** Passes a request on, and the answer back. Throws ServiceUnavailable when nobody answers. */
  async forward(user: UserInfo, req: Req, res: Res): Promise<void> {
    const connection = await this.#connect();
    const hangUp = () => connection.destroy();
    res.once('close', hangUp);
    try {
      const outgoing = httpRequest({
        createConnection: () => connection,
        method: req.method ?? 'GET',
        path: req.url ?? '/',
        headers: this.#headers(req, user),
      });
      const answered = once(outgoing, 'response');
      // Heard through `answered`; later ones end the answer.
      outgoing.on('error', () => undefined);
      req.pipe(outgoing);
      let answer: IncomingMessage;
      try {
        [answer] = await answered;
      } catch (error) {
        throw serviceUnavailable(`error trying to reach service: ${asApiError(error).message}`);
      }
      res.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
      if ('flushHeaders' in res) res.flushHeaders();
      const target = 'stream' in res ? res.stream : res;
      try {
        await pipeline(answer, target);
      } catch {
        // The head is sent: a broken answer is told by its broken end.
        target.destroy();
      }
    } finally {
      res.off('close', hangUp);
      connection.destroy();
    }
  }

  /** Passes an upgrade on as it came; from there on the bytes of both sides. */
  async upgrade(user: UserInfo, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const connection = await this.#connect();
    const headers = {
      ...this.#headers(req, user),
      connection: 'Upgrade',
      upgrade: req.headers.upgrade ?? '',
    };
    const lines = Object.entries(headers).flatMap(([name, value]) =>
      [value].flat().map((text) => `${name}: ${String(text)}`),
    );
    connection.write(`${req.method} ${req.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    if (head.length > 0) connection.write(head);
    connection.once('close', () => socket.destroy());
    socket.once('close', () => connection.destroy());
    connection.on('error', () => socket.destroy());
    connection.pipe(socket);
    socket.pipe(connection);
  }

  /** A document that the server itself asks for. Throws when it is not answered with 200 and JSON. */
  async get(path: string, user: UserInfo): Promise<unknown> {
    const connection = await this.#connect();
    try {
      const outgoing = httpRequest({
        createConnection: () => connection,
        path,
        headers: { ...this.#identify(user), host: this.#name, accept: 'application/json' },
        signal: AbortSignal.timeout(CONNECT_MS),
      });
      const answered = once(outgoing, 'response');
      outgoing.end();
      const [answer]: IncomingMessage[] = await answered;
      if (answer?.statusCode !== 200) {
        throw serviceUnavailable(`bad status from ${path}: ${answer?.statusCode ?? 'none'}`);
      }
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of answer) {
        size += chunk.length;
        if (size > LARGEST_DOCUMENT) throw serviceUnavailable(`the answer to ${path} is too large`);
        chunks.push(chunk);
      }
      return JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } finally {
      connection.destroy();
    }
  }

  get #name(): string {
    const { name, namespace } = this.options.service;
    return `${name}.${namespace}.svc`;
  }

  async #connect(): Promise<TLSSocket> {
    const { dial, service, ca, insecure, identity } = this.options;
    let raw: Duplex | undefined;
    try {
      raw = await dial(service);
      raw.on('error', () => undefined);
      const secure = connectTls({
        socket: raw,
        servername: this.#name,
        rejectUnauthorized: !insecure,
        cert: identity.certificate,
        key: identity.key,
        ...(ca ? { ca } : {}),
      });
      await once(secure, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_MS) });
      secure.on('error', () => undefined);
      return secure;
    } catch (error) {
      raw?.destroy();
      throw new Unreachable(error);
    }
  }

  #headers(req: Req, user: UserInfo): OutgoingHttpHeaders {
    const headers = endToEnd(req.headers);
    for (const name of Object.keys(headers)) {
      if (name.startsWith('x-remote-') || name.startsWith('impersonate-')) delete headers[name];
    }
    const from = req.socket?.remoteAddress;
    return {
      ...headers,
      ...this.#identify(user),
      host: this.#name,
      ...(from ? { 'x-forwarded-for': from } : {}),
      'x-forwarded-proto': 'https',
    };
  }

  #identify(user: UserInfo): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = {
      'x-remote-user': user.name,
      'x-remote-group': [...user.groups],
      ...(user.uid ? { 'x-remote-uid': user.uid } : {}),
    };
    for (const [key, values] of Object.entries(user.extra ?? {})) {
      headers[`x-remote-extra-${encodeURIComponent(key).toLowerCase()}`] = [...values];
    }
    return headers;
  }
}

function endToEnd(headers: IncomingMessage['headers']): OutgoingHttpHeaders {
  const named = String(headers.connection ?? '')
    .toLowerCase()
    .split(',')
    .map((name) => name.trim());
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !OWN.has(name) && !name.startsWith(':') && !named.includes(name),
    ),
  );
}
