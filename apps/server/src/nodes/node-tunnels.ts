import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2';
import type { Duplex } from 'node:stream';
import { CLOSE_REPLACED } from '@wheelhouse/shared/agent/protocol';
import type { Clock } from '@wheelhouse/shared/clock';
import { serviceUnavailable, timeout } from '@wheelhouse/shared/errors';
import { createWebSocketStream, type WebSocket } from 'ws';
import type { Component, Logger } from '../component';
import type { NodeConnections, NodeRequest, NodeResponse } from './node-connections';
import { nodeRefusal } from './node-refusal';

/** How often each agent is pinged; one that stays silent until the next ping is gone. */
const PING_MS = 10_000;
/** For the agent's HTTP/2 settings after the WebSocket is up, and for the headers of an answer. */
const ANSWER_MS = 30_000;
const CLOSE_MS = 1_000;
/** Bytes in flight per stream: enough for a fast link, little enough for thousands of followed logs. */
const STREAM_WINDOW = 256 * 1024;
const SESSION_WINDOW = 8 * 1024 * 1024;

interface Tunnel {
  readonly socket: WebSocket;
  readonly session: ClientHttp2Session;
}

/** The open tunnels to the agents, one per node. */
export class NodeTunnels implements NodeConnections, Component {
  readonly #tunnels = new Map<string, Tunnel>();
  /** When each node that was connected before lost its tunnel. */
  readonly #lostAt = new Map<string, Date>();
  readonly #startedAt: Date;

  constructor(private readonly options: { readonly clock: Clock; readonly log: Logger }) {
    this.#startedAt = options.clock.now();
  }

  /**
   * Turns a WebSocket into the tunnel of a node, replacing the node's former one. Resolves when the agent answers on
   * HTTP/2; rejects, with the socket closed, when it does not.
   */
  async attach(nodeName: string, socket: WebSocket): Promise<void> {
    const { log } = this.options;
    const stream = createWebSocketStream(socket);
    const session = connect('http://node', {
      createConnection: () => stream,
      settings: { initialWindowSize: STREAM_WINDOW, enablePush: false },
      maxSessionMemory: 64,
    });
    // Both report the same lost connection; what follows from it happens on 'close'.
    stream.on('error', (error) => log.debug({ node: nodeName, err: error }, 'agent socket failed'));
    session.on('error', (error) => log.debug({ node: nodeName, err: error }, 'agent session failed'));
    session.once('close', () => socket.terminate());
    session.once('connect', () => session.setLocalWindowSize(SESSION_WINDOW));
    const stopPings = this.#keepAlive(nodeName, socket);
    // Without an error, streams under way would just end, as if their content were complete.
    const lost = () => session.destroy(serviceUnavailable(`the connection to node "${nodeName}" was lost`));
    socket.once('error', lost);
    socket.once('close', () => {
      stopPings();
      lost();
    });
    try {
      await once(session, 'remoteSettings', { signal: AbortSignal.timeout(ANSWER_MS) });
    } catch (error) {
      socket.terminate();
      throw error;
    }
    this.#open(nodeName, { socket, session });
  }

  #open(nodeName: string, tunnel: Tunnel): void {
    const { clock, log } = this.options;
    const former = this.#tunnels.get(nodeName);
    this.#tunnels.set(nodeName, tunnel);
    this.#lostAt.delete(nodeName);
    if (former) void this.#close(former, { code: CLOSE_REPLACED, reason: 'replaced by a newer connection' });
    log.info({ node: nodeName }, 'agent connected');
    tunnel.socket.once('close', (code) => {
      if (this.#tunnels.get(nodeName) !== tunnel) return;
      this.#tunnels.delete(nodeName);
      this.#lostAt.set(nodeName, clock.now());
      log.info({ node: nodeName, code }, 'agent disconnected');
    });
  }

  /** Pings; terminates a peer that does not answer until the next ping is due. */
  #keepAlive(nodeName: string, socket: WebSocket): () => void {
    const { clock, log } = this.options;
    let answered = true;
    let cancel = () => {};
    socket.on('pong', () => {
      answered = true;
    });
    const ping = () => {
      if (!answered) {
        log.warn({ node: nodeName }, 'agent stopped answering; its connection is closed');
        socket.terminate();
        return;
      }
      answered = false;
      socket.ping();
      cancel = clock.after(PING_MS, ping);
    };
    cancel = clock.after(PING_MS, ping);
    return () => cancel();
  }

  isConnected(nodeName: string): boolean {
    return this.#tunnels.has(nodeName);
  }

  async request(nodeName: string, request: NodeRequest): Promise<NodeResponse> {
    const headers = { ...request.headers, ':method': request.method, ':path': request.path };
    const stream = this.#session(nodeName).request(headers, {
      endStream: request.body === undefined,
      ...(request.signal ? { signal: request.signal } : {}),
    });
    if (request.body !== undefined) stream.end(request.body);
    const answer = await this.#answer(nodeName, stream);
    return { status: Number(answer[':status']), headers: withoutPseudo(answer), body: stream };
  }

  async connect(
    nodeName: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Duplex> {
    const stream = this.#session(nodeName).request({
      ...headers,
      ':method': 'CONNECT',
      ':protocol': 'wheelhouse-stream',
      ':scheme': 'http',
      ':authority': 'node',
      ':path': path,
    });
    const answer = await this.#answer(nodeName, stream);
    const status = Number(answer[':status']);
    if (status === 200) return withoutVectors(stream);
    throw nodeRefusal(status, await readStart(stream));
  }

  #session(nodeName: string): ClientHttp2Session {
    const session = this.#tunnels.get(nodeName)?.session;
    if (session && !session.destroyed && !session.closed) return session;
    const since = this.#lostAt.get(nodeName);
    throw serviceUnavailable(
      since
        ? `node "${nodeName}" has not been connected since ${since.toISOString()}`
        : `node "${nodeName}" has not connected since the server started at ${this.#startedAt.toISOString()}`,
    );
  }

  async #answer(nodeName: string, stream: import('node:http2').ClientHttp2Stream) {
    // Whoever reads the stream hears of its error too; this keeps one that nobody reads any more from ending the process.
    stream.on('error', () => {});
    const cancel = this.options.clock.after(ANSWER_MS, () => {
      stream.destroy(timeout(`node "${nodeName}" did not answer within ${ANSWER_MS / 1000} s`));
    });
    try {
      const [headers] = await Promise.race([
        once(stream, 'response'),
        once(stream, 'close').then(() => {
          throw serviceUnavailable(`the connection to node "${nodeName}" was lost`);
        }),
      ]);
      return headers as OutgoingHttpHeaders;
    } catch (error) {
      stream.close(constants.NGHTTP2_CANCEL);
      // An HTTP/2 error code says nothing to a client of the API; what it means is that the node is out of reach.
      if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_HTTP2'))
        throw serviceUnavailable(`the connection to node "${nodeName}" was lost`);
      throw error;
    } finally {
      cancel();
    }
  }

  /** Closes with a code that the agent can read; a peer that does not answer in time is cut off. */
  async #close({ socket }: Tunnel, { code, reason }: { code: number; reason: string }): Promise<void> {
    if (socket.readyState === socket.CLOSED) return;
    const closed = once(socket, 'close');
    socket.close(code, reason);
    const cancel = this.options.clock.after(CLOSE_MS, () => socket.terminate());
    await closed;
    cancel();
  }

  async stop(): Promise<void> {
    // 1001: going away. The agents come back by themselves.
    const goodbye = { code: 1001, reason: 'the server stops' };
    await Promise.all([...this.#tunnels.values()].map((tunnel) => this.#close(tunnel, goodbye)));
  }
}

/**
 * Writes one chunk at a time: when strings and buffers are written together, as for the head and body of a request,
 * Node 20 frees the strings before they are sent, and what comes to lie in their place goes out instead.
 */
const withoutVectors = (stream: Duplex): Duplex => Object.assign(stream, { _writev: undefined });

function withoutPseudo(headers: OutgoingHttpHeaders): Record<string, string | string[] | undefined> {
  const entries = Object.entries(headers).filter(([name]) => !name.startsWith(':'));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'number' ? `${value}` : value]),
  );
}

/** The first KiB of an error's text. */
async function readStart(stream: Duplex): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += chunk;
    if (text.length >= 1024) break;
  }
  return text.slice(0, 1024).trim();
}
