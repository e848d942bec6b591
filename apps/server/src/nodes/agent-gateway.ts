import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { parseJoinToken } from '@wheelhouse/shared/agent/join-token';
import {
  AGENT_PATH,
  type AgentHello,
  type AgentSettings,
  MAX_FRAME_BYTES,
  type ServerAnswer,
} from '@wheelhouse/shared/agent/protocol';
import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import {
  type ApiError,
  apiError,
  asApiError,
  conflict,
  forbidden,
  isNotFound,
  serviceUnavailable,
  unauthorized,
} from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { type WebSocket, WebSocketServer } from 'ws';
import { bearerToken } from '../auth/bearer-token';
import type { BootstrapToken, BootstrapTokens } from '../auth/bootstrap-tokens';
import type { CertificateAuthority } from '../auth/certificate-authority';
import { userOfPeer } from '../auth/client-certificate';
import { NODES_GROUP, nodeNameOf, nodeUser } from '../auth/node-identity';
import type { Logger } from '../component';
import type { UpgradeHandler } from '../http/extension';
import { parseHello } from './hello';
import { createNodeIdentities, keyFingerprint, type NodeIdentities } from './node-identities';
import type { NodeTunnels } from './node-tunnels';
import { mayRegister } from './registration-rule';

/** Node certificates are short-lived; agents renew at two thirds of this. */
const CERTIFICATE_DAYS = 90;
const HELLO_MS = 10_000;
/** Connections that have not yet said who they are, or whose answer is being made. */
const MAX_PENDING = 512;

export interface AgentGatewayOptions {
  readonly authority: CertificateAuthority;
  readonly tokens: BootstrapTokens;
  /** Reads and writes Nodes and Secrets with the server's own rights. */
  readonly client: Client;
  readonly tunnels: NodeTunnels;
  /** What agents are told; asked for at each connection. */
  readonly settings: () => AgentSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who opened the connection: a node with its certificate, or a machine that holds a join token. */
type Caller =
  | { readonly kind: 'node'; readonly nodeName: string; readonly fingerprint: string }
  | { readonly kind: 'joining'; readonly token: BootstrapToken };

/** The door for agents, see `@wheelhouse/shared/agent/protocol`. Tokens never reach the log. */
export function createAgentGateway(options: AgentGatewayOptions): UpgradeHandler {
  const identities = createNodeIdentities(options.client);
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  let pending = 0;

  async function serve(req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const caller = await identify(options, req);
    const ws = await new Promise<WebSocket>((resolve, reject) => {
      socket.once('close', () => reject(new Error('the agent hung up')));
      server.handleUpgrade(req, socket, head, resolve);
    });
    try {
      await converse(options, { identities, caller, ws });
    } catch (error) {
      refuse(ws, asApiError(error), options.log);
    }
  }

  return {
    path: AGENT_PATH,
    upgrade(req, socket, head) {
      const failed = (error: unknown) => {
        const refusal = asApiError(error);
        options.log.info({ address: req.socket.remoteAddress, reason: refusal.message }, 'agent refused');
        answerHttp(socket, refusal);
      };
      socket.on('error', (error) => options.log.debug({ err: error }, 'agent socket failed'));
      if (pending >= MAX_PENDING) {
        failed(serviceUnavailable('too many agents are connecting at once'));
        return;
      }
      pending++;
      serve(req, socket, head)
        .catch(failed)
        .finally(() => pending--);
    },
  };
}

async function identify({ authority, tokens }: AgentGatewayOptions, req: IncomingMessage): Promise<Caller> {
  const presented = bearerToken(req);
  if (presented !== undefined) {
    const parsed = parseJoinToken(presented);
    const token =
      parsed?.caFingerprint === authority.fingerprint && (await tokens.verify(parsed.id, parsed.secret));
    if (!token) throw apiError('Unauthorized', 'the join token is wrong or its time is over');
    return { kind: 'joining', token };
  }
  const peer = userOfPeer(req.socket);
  const nodeName = peer && nodeNameOf(peer.user);
  const certificate = req.socket instanceof TLSSocket ? req.socket.getPeerX509Certificate() : undefined;
  if (nodeName === undefined || !certificate) throw unauthorized();
  return { kind: 'node', nodeName, fingerprint: keyFingerprint(certificate) };
}

interface Conversation {
  readonly identities: NodeIdentities;
  readonly caller: Caller;
  readonly ws: WebSocket;
}

async function converse(options: AgentGatewayOptions, conversation: Conversation): Promise<void> {
  const { caller, ws } = conversation;
  const hello = await receiveHello(ws, options.clock);
  if (caller.kind === 'node' && caller.nodeName !== hello.nodeName)
    throw forbidden(
      { kind: 'nodes', name: hello.nodeName },
      `the certificate is node "${caller.nodeName}"'s`,
    );
  if (hello.type === 'register') {
    const answer = await register(options, conversation, hello);
    ws.send(JSON.stringify(answer));
    ws.close(1000);
    return;
  }
  if (caller.kind !== 'node')
    throw apiError('Unauthorized', 'connecting needs the node certificate that registering gives');
  const identity = await conversation.identities.find(hello.nodeName);
  if (identity?.keyFingerprint !== caller.fingerprint)
    throw apiError('Unauthorized', `the key of node "${hello.nodeName}" is not registered any more`);
  const answer: ServerAnswer = { type: 'connected', settings: options.settings() };
  // The tunnel listens before the agent can know that it may talk.
  const attached = options.tunnels.attach(hello.nodeName, ws);
  ws.send(JSON.stringify(answer));
  await attached;
}

function receiveHello(ws: WebSocket, clock: Clock): Promise<AgentHello> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(HELLO_MS, () =>
      reject(apiError('Timeout', 'the agent did not introduce itself')),
    );
    ws.on('error', reject);
    ws.once('close', () => reject(new Error('the agent hung up')));
    ws.once('message', (data, isBinary) => {
      cancel();
      try {
        // With the default binaryType every message is one Buffer.
        resolve(parseHello(data as Buffer, isBinary));
      } catch (error) {
        reject(error);
      }
    });
  });
}

async function register(
  options: AgentGatewayOptions,
  { identities, caller }: Conversation,
  hello: Extract<AgentHello, { type: 'register' }>,
): Promise<ServerAnswer> {
  const { authority, client, clock, log, tunnels } = options;
  const { nodeName } = hello;
  const subject = { user: nodeUser(nodeName).name, groups: [NODES_GROUP] };
  const clientCertificate = await authority.signClient(hello.csr, subject, CERTIFICATE_DAYS);
  const fingerprint = keyFingerprint(clientCertificate);
  const registered = await identities.find(nodeName);
  const allowed = mayRegister({
    registered,
    keyFingerprint: fingerprint,
    nodeExists: await nodeExists(client, nodeName),
    connected: tunnels.isConnected(nodeName),
    tokenAllowsReplace: caller.kind === 'joining' && caller.token.allowReplace,
    now: clock.now(),
  });
  if (!allowed || (caller.kind === 'node' && registered?.keyFingerprint !== fingerprint))
    throw conflict(
      { kind: 'nodes', name: nodeName },
      'another machine is registered under this name; choose another name, or delete the Node first',
    );
  if (registered?.keyFingerprint !== fingerprint)
    await identities.save(nodeName, { keyFingerprint: fingerprint, registeredAt: clock.now() }, registered);
  log.info(
    { node: nodeName, ...(caller.kind === 'joining' ? { tokenId: caller.token.id } : { renewal: true }) },
    'agent registered',
  );
  return {
    type: 'registered',
    clientCertificate,
    caCertificate: authority.certificate,
    settings: options.settings(),
  };
}

async function nodeExists(client: Client, name: string): Promise<boolean> {
  try {
    await client.get(nodeKind, { name });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Tells the agent why, in words and by close code, and gives it a moment to read that. */
function refuse(ws: WebSocket, error: ApiError, log: Logger): void {
  log.info({ reason: error.message }, 'agent refused');
  if (ws.readyState !== ws.OPEN) {
    ws.terminate();
    return;
  }
  const answer: ServerAnswer = { type: 'refused', status: error.status };
  ws.send(JSON.stringify(answer));
  ws.close(4000 + (error.code % 1000), error.reason.slice(0, 100));
}

function answerHttp(socket: Duplex, error: ApiError): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(error.status);
  socket.end(
    `HTTP/1.1 ${error.code} ${error.reason}\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.once('finish', () => socket.destroy());
}
