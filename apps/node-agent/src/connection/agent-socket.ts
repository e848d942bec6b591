import type { IncomingMessage } from 'node:http';
import {
  AGENT_PATH,
  type AgentHello,
  MAX_FRAME_BYTES,
  MAX_HELLO_BYTES,
  type ServerAnswer,
} from '@wheelhouse/shared/agent/protocol';
import type { Status } from '@wheelhouse/shared/meta/object';
import { WebSocket } from 'ws';
import { RefusedError } from './errors';

const HANDSHAKE_MS = 10_000;
/** The server may have to look things up; longer than its own limits. */
const ANSWER_MS = 30_000;

/** TLS always verifies the server against the cluster's CA. */
export type SocketCredential =
  | { readonly ca: string; readonly joinToken: string }
  | { readonly ca: string; readonly certificate: string; readonly key: string };

/**
 * Opens the agent's WebSocket, says hello and waits for the answer. `onAnswer` runs in the same turn in which the
 * answer arrives, so that whoever takes the socket over misses no frame; its result is the call's.
 * Throws RefusedError when the server says no, and a plain Error when it cannot be reached or breaks off.
 */
export function greet<T>(
  options: {
    readonly serverUrl: URL;
    readonly credential: SocketCredential;
    readonly hello: AgentHello;
    readonly signal?: AbortSignal | undefined;
  },
  onAnswer: (answer: Exclude<ServerAnswer, { type: 'refused' }>, socket: WebSocket) => T,
): Promise<T> {
  const { credential, hello, signal } = options;
  const socket = new WebSocket(socketUrl(options.serverUrl), {
    ca: credential.ca,
    ...('joinToken' in credential
      ? { headers: { authorization: `Bearer ${credential.joinToken}` } }
      : { cert: credential.certificate, key: credential.key }),
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => fail(new Error('the server did not answer in time')), ANSWER_MS);
    const abort = () => fail(new Error('the connection was given up'));
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    const fail = (error: Error) => {
      done();
      reject(error);
      socket.terminate();
    };
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort);
    socket.on('error', fail);
    socket.on('close', (code) => fail(new Error(`the server closed the connection (${code})`)));
    socket.on('unexpected-response', (_request, response) => void readRefusal(response).then(fail));
    socket.on('open', () => socket.send(JSON.stringify(hello)));
    socket.once('message', (data, isBinary) => {
      try {
        // With the default binaryType every message is one Buffer.
        const answer = parseAnswer(data as Buffer, isBinary);
        if (answer.type === 'refused') throw new RefusedError(answer.status);
        const result = onAnswer(answer, socket);
        done();
        resolve(result);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

function socketUrl(serverUrl: URL): URL {
  const url = new URL(AGENT_PATH, serverUrl);
  url.protocol = 'wss:';
  return url;
}

function parseAnswer(data: Buffer, isBinary: boolean): ServerAnswer {
  if (isBinary || data.length > MAX_HELLO_BYTES)
    throw new Error('the server sent something else than an answer');
  // The server is verified against the pinned CA: its shapes are trusted, its type is checked.
  const answer = JSON.parse(data.toString('utf8')) as ServerAnswer;
  if (!['registered', 'connected', 'refused'].includes(answer.type))
    throw new Error(`the server sent an answer of unknown type ${JSON.stringify(answer.type)}`);
  return answer;
}

/** The Status of an HTTP answer that refuses the upgrade. */
async function readRefusal(response: IncomingMessage): Promise<Error> {
  let text = '';
  try {
    for await (const chunk of response) {
      text += chunk;
      if (text.length > MAX_HELLO_BYTES) break;
    }
    const status = JSON.parse(text) as Status;
    if (status.kind === 'Status') return new RefusedError({ code: response.statusCode ?? 0, ...status });
  } catch {
    // Not a Status: a proxy in between, or a broken connection. The code is what is left to say.
  }
  return new RefusedError({
    kind: 'Status',
    message: `the server answered ${response.statusCode}`,
    code: response.statusCode ?? 0,
  });
}
