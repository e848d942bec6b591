import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  CHANNEL,
  encodeFrame,
  FrameDecoder,
  MAX_FRAME_PAYLOAD,
} from '@wheelhouse/shared/agent/channel-frames';
import type { Client } from '@wheelhouse/shared/client/client';
import { badRequest } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../component';
import type { SubresourceHandler } from '../http/extension';
import type { NodeConnections } from './node-connections';
import { podOf } from './pod-log';
import { chooseContainer } from './pod-log-options';

/** Newest first. v5 adds the CLOSE signal, without which standard input has no end. */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;
/** Output waiting for a slow client, before the node is held back. */
const MAX_BUFFERED = 1024 * 1024;

/**
 * `pods/exec` over WebSocket, as kubectl 1.30 and newer speaks it: channels of the client's socket are passed on as
 * frames to the kubelet's `/exec`, and back. The older SPDY form is refused.
 */
export function createPodExecHandler(options: {
  readonly client: Client;
  readonly nodes: NodeConnections;
  readonly log: Logger;
}): SubresourceHandler {
  const { client, nodes, log } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_PAYLOAD + 1,
    perMessageDeflate: false,
    handleProtocols: (offered) => PROTOCOLS.find((protocol) => offered.has(protocol)) ?? false,
  });
  return {
    group: '',
    plural: 'pods',
    subresource: 'exec',
    handle() {
      return Promise.reject(badRequest('Upgrade request required'));
    },
    async upgrade(request, req, socket, head) {
      const { namespace, name } = podOf(request);
      const query = request.url.searchParams;
      const pod = await client.get(podKind, { namespace, name });
      const container = chooseContainer(pod, query.get('container') || undefined);
      const nodeName = pod.spec?.nodeName;
      if (!nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
      if (!query.getAll('command').length)
        throw badRequest('you must specify at least 1 command for the container');
      requireProtocol(req);
      const stream = await nodes.connect(nodeName, execPath([namespace, name, container], query));
      stream.on('error', (error) => log.debug({ err: error, node: nodeName }, 'an exec stream failed'));
      // A client that leaves before the answer must not leave its command behind.
      socket.once('close', () => stream.destroy());
      if (socket.destroyed) {
        stream.destroy();
        return;
      }
      server.handleUpgrade(req, socket, head, (ws) => relay(ws, stream));
    },
  };
}

function requireProtocol(req: IncomingMessage): void {
  const offered = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((text) => text.trim());
  if (!PROTOCOLS.some((protocol) => offered.includes(protocol)))
    throw badRequest(
      `exec is served over WebSocket with ${PROTOCOLS.join(' or ')}; kubectl speaks it from version 1.30 on`,
    );
}

function execPath(names: readonly string[], asked: URLSearchParams): string {
  const query = new URLSearchParams();
  for (const name of ['stdin', 'stdout', 'stderr', 'tty']) {
    const value = asked.get(name);
    if (value !== null && value !== 'false' && value !== '0') query.set(name, 'true');
  }
  for (const word of asked.getAll('command')) query.append('command', word);
  return `/${['exec', ...names].map(encodeURIComponent).join('/')}?${query}`;
}

/** Passes messages on both ways, each side at the other's pace, until one of them ends. */
export function relay(ws: WebSocket, stream: Duplex): void {
  const decoder = new FrameDecoder();
  let sentStatus = false;

  ws.on('message', (data, isBinary) => {
    // With the default binaryType every message is one Buffer.
    const message = data as Buffer;
    const channel = message[0];
    if (!isBinary || channel === undefined) return;
    if (channel !== CHANNEL.stdin && channel !== CHANNEL.resize && channel !== CHANNEL.close) return;
    if (!stream.writable || stream.write(encodeFrame(channel, message.subarray(1)))) return;
    ws.pause();
    stream.once('drain', () => ws.resume());
  });
  ws.on('close', () => stream.destroy());
  // The reason follows as 'close'.
  ws.on('error', () => stream.destroy());

  stream.on('data', (chunk: Buffer) => {
    try {
      for (const { channel, payload } of decoder.push(chunk)) {
        if (channel === CHANNEL.error) sentStatus = true;
        else if (!payload.length) continue;
        ws.send(Buffer.concat([Buffer.from([channel]), payload]), () => {
          if (stream.isPaused() && ws.bufferedAmount < MAX_BUFFERED / 2) stream.resume();
        });
      }
    } catch {
      stream.destroy();
      return;
    }
    if (ws.bufferedAmount > MAX_BUFFERED) stream.pause();
  });
  const finish = () => {
    // The kubelet ends its side; ours ends with it.
    stream.destroy();
    if (ws.readyState !== ws.OPEN) return;
    if (!sentStatus) ws.send(Buffer.concat([Buffer.from([CHANNEL.error]), Buffer.from(LOST)]));
    ws.close(1000);
  };
  stream.once('end', finish);
  stream.once('close', finish);
}

/** The node went away in the middle of a command: its exit code will never be known. */
const LOST = JSON.stringify({
  metadata: {},
  status: 'Failure',
  reason: 'InternalError',
  message: 'the connection to the node was lost',
  code: 500,
});
