import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Container, ExecAction, HTTPGetAction, TCPSocketAction } from 'kubernetes-types/core/v1';
import { type ContainerRuntime, hasRuntimeCode } from '../../runtime/runtime';

/** What probes and lifecycle hooks can do to a container. */
export interface Handler {
  readonly exec?: ExecAction;
  readonly httpGet?: HTTPGetAction;
  readonly tcpSocket?: TCPSocketAction;
  readonly grpc?: { readonly port: number };
  readonly sleep?: { readonly seconds: number };
}

export interface HandlerTarget {
  readonly runtime: ContainerRuntime;
  readonly container: Container;
  readonly containerId: string;
  /** The pod's address, or the node's for pods on the host's network. */
  readonly address: string;
}

export interface HandlerResult {
  readonly ok: boolean;
  /** Why not, as it stands in events. */
  readonly message: string;
}

/** Bodies and outputs are only quoted in messages. */
const MAX_OUTPUT_BYTES = 1024;

/** Never throws: whatever goes wrong is a failed result. */
export async function runHandler(
  handler: Handler,
  target: HandlerTarget,
  timeoutMs: number,
): Promise<HandlerResult> {
  try {
    if (handler.exec) return await runExec(handler.exec, target, timeoutMs);
    if (handler.httpGet) return await runHttp(handler.httpGet, target, timeoutMs);
    if (handler.tcpSocket) return await runTcp(handler.tcpSocket, target, timeoutMs);
    if (handler.sleep) {
      await delay(Math.min(handler.sleep.seconds * 1000, timeoutMs));
      return { ok: true, message: '' };
    }
    return { ok: false, message: 'this node knows no such handler' };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

async function runExec(
  { command = [] }: ExecAction,
  target: HandlerTarget,
  timeoutMs: number,
): Promise<HandlerResult> {
  const session = await target.runtime
    .exec(target.containerId, { command, tty: false, stdin: false })
    .catch((error: unknown) => {
      if (hasRuntimeCode(error, 'start-failed', 'not-running')) return error.message;
      throw error;
    });
  if (typeof session === 'string') return { ok: false, message: session };
  let output = '';
  const collect = (chunk: Buffer) => {
    if (output.length < MAX_OUTPUT_BYTES) output += chunk.toString('utf8', 0, MAX_OUTPUT_BYTES);
  };
  session.stdout.on('data', collect);
  session.stderr.on('data', collect);
  const abort = new AbortController();
  const timedOut = delay(timeoutMs, 'timeout' as const, { signal: abort.signal }).catch(
    () => 'timeout' as const,
  );
  try {
    const code = await Promise.race([session.exit, timedOut]);
    if (code === 'timeout') {
      return { ok: false, message: `command ${JSON.stringify(command.join(' '))} timed out` };
    }
    return { ok: code === 0, message: code === 0 ? '' : output.trim() || `exit code ${code}` };
  } finally {
    abort.abort();
    session.close();
  }
}

function runHttp(action: HTTPGetAction, target: HandlerTarget, timeoutMs: number): Promise<HandlerResult> {
  const host = action.host || target.address;
  const port = portNumber(action.port, target.container);
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const secure = action.scheme === 'HTTPS';
  const headers: Record<string, string> = { 'User-Agent': 'wheelhouse-probe', Accept: '*/*' };
  for (const { name, value } of action.httpHeaders ?? []) headers[name] = value;
  return new Promise((resolve) => {
    const options = { host, port, path, headers, agent: false, timeout: timeoutMs } as const;
    // The certificate is the program's own affair, as with Kubernetes.
    const request = secure ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
    const timer = setTimeout(() => request.destroy(new Error('context deadline exceeded')), timeoutMs);
    const finish = (result: HandlerResult) => {
      clearTimeout(timer);
      resolve(result);
      request.destroy();
    };
    request.on('error', (error) =>
      finish({
        ok: false,
        message: `Get "${secure ? 'https' : 'http'}://${host}:${port}${path}": ${error.message}`,
      }),
    );
    request.on('response', (response) => {
      const status = response.statusCode ?? 0;
      response.resume();
      finish(
        status >= 200 && status < 400
          ? { ok: true, message: '' }
          : { ok: false, message: `HTTP probe failed with statuscode: ${status}` },
      );
    });
    request.end();
  });
}

function runTcp(action: TCPSocketAction, target: HandlerTarget, timeoutMs: number): Promise<HandlerResult> {
  const host = action.host || target.address;
  const port = portNumber(action.port, target.container);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (result: HandlerResult) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(
      () => finish({ ok: false, message: `dial tcp ${host}:${port}: i/o timeout` }),
      timeoutMs,
    );
    socket.on('connect', () => finish({ ok: true, message: '' }));
    socket.on('error', (error) =>
      finish({ ok: false, message: `dial tcp ${host}:${port}: ${error.message}` }),
    );
  });
}

/** A number, or the name of one of the container's ports. */
export function portNumber(port: number | string, container: Container): number {
  const number = typeof port === 'number' ? port : Number(port);
  if (Number.isInteger(number)) return number;
  const named = container.ports?.find(({ name }) => name === port);
  if (!named) throw new Error(`couldn't find port: ${port}`);
  return named.containerPort;
}
