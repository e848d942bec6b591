import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { pipeline } from 'node:stream';
import type { Clock } from '@wheelhouse/shared/clock';
import type { Logger } from 'pino';
import type { ContainerRuntime, ContainerStatus } from '../../runtime/runtime';
import type { PodManager } from '../pods/pod-manager';
import { specOf } from '../pods/pod-view';
import { ByteLimit, parseLogQuery } from './container-logs';
import { serveExec } from './exec-stream';
import { asHttpError, HttpError } from './http-error';
import { statsSummary } from './stats-summary';

type Request = IncomingMessage | Http2ServerRequest;
type Response = ServerResponse | Http2ServerResponse;
/** For both HTTP versions; CONNECT requests come here as well: after a 200 `req` is read and `res` written. */
export type KubeletHandler = (req: Request, res: Response) => void;

export interface KubeletHandlerOptions {
  readonly manager: PodManager;
  readonly runtime: ContainerRuntime;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** See README.md in this folder for what it answers. */
export function createKubeletHandler(options: KubeletHandlerOptions): KubeletHandler {
  const server = new KubeletServer(options);
  return (req, res) => {
    res.on('error', () => undefined);
    req.on('error', () => undefined);
    server.handle(req, res).catch((error: unknown) => {
      const { status, message } = asHttpError(error);
      if (status === 500) options.log.warn({ err: error, path: req.url }, 'kubelet request failed');
      if (res.headersSent) {
        res.destroy();
        return;
      }
      res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
      res.end(`${message}\n`);
    });
  };
}

class KubeletServer {
  constructor(private readonly options: KubeletHandlerOptions) {}

  async handle(req: Request, res: Response): Promise<void> {
    const url = new URL(req.url ?? '/', 'http://kubelet');
    const [resource, ...rest] = url.pathname.split('/').filter(Boolean).map(decode);
    const route = `${req.method === 'CONNECT' ? 'CONNECT' : 'GET'} ${resource ?? ''}`;
    if (req.method !== 'GET' && req.method !== 'CONNECT')
      throw new HttpError(405, `method ${req.method} is not allowed`);
    switch (route) {
      case 'GET healthz':
        await this.options.runtime.version();
        return sendText(res, 'ok\n');
      case 'GET pods':
        return sendJson(res, {
          kind: 'PodList',
          apiVersion: 'v1',
          metadata: {},
          items: this.options.manager.workers.map(({ pod }) => pod),
        });
      case 'GET stats':
        return sendJson(res, statsSummary(this.options.nodeName, await this.options.runtime.stats()));
      case 'GET containerLogs':
        return this.#logs(rest, url.searchParams, res);
      case 'CONNECT exec':
        return this.#exec(rest, url.searchParams, { req, res });
      case 'CONNECT attach':
        return this.#attach(rest, url.searchParams, { req, res });
      case 'CONNECT portForward':
        return this.#portForward(rest, url.searchParams, { req, res });
      default:
        throw new HttpError(404, `the kubelet has no ${url.pathname}`);
    }
  }

  async #logs(path: readonly string[], query: URLSearchParams, res: Response): Promise<void> {
    const request = parseLogQuery(query, this.options.clock.now());
    const run = await this.#run(path, request.previous);
    const abort = new AbortController();
    res.once('close', () => abort.abort());
    const log = await this.options.runtime.logs(run.id, { ...request, signal: abort.signal });
    res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    // Headers first: who follows a silent container waits for them.
    if ('flushHeaders' in res) res.flushHeaders();
    const done = () => log.destroy();
    if (request.limitBytes === undefined) pipeline(log, res, done);
    else pipeline(log, new ByteLimit(request.limitBytes), res, done);
  }

  async #exec(
    path: readonly string[],
    query: URLSearchParams,
    { req, res }: { req: Request; res: Response },
  ): Promise<void> {
    const command = query.getAll('command');
    if (command.length === 0)
      throw new HttpError(400, 'you must specify at least 1 command for the container');
    const run = await this.#run(path, false);
    const isSet = (name: string) => ['true', '1'].includes(query.get(name) ?? '');
    const session = await this.options.runtime.exec(run.id, {
      command,
      tty: isSet('tty'),
      stdin: isSet('stdin'),
    });
    begin(res);
    await serveExec(session, req, res);
  }

  async #attach(
    path: readonly string[],
    query: URLSearchParams,
    { req, res }: { req: Request; res: Response },
  ): Promise<void> {
    const run = await this.#run(path, false);
    const stdin = ['true', '1'].includes(query.get('stdin') ?? '');
    const session = await this.options.runtime.attach(run.id, { stdin });
    begin(res);
    await serveExec(session, req, res);
  }

  async #portForward(
    [namespace = '', name = '']: readonly string[],
    query: URLSearchParams,
    { req, res }: { req: Request; res: Response },
  ): Promise<void> {
    const port = Number(query.get('port'));
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw new HttpError(400, 'port must be between 1 and 65535');
    const worker = this.#worker(namespace, name);
    const observed = await this.options.runtime.observePod(worker.pod.metadata.uid);
    const sandbox = observed.sandboxes.find(({ ready }) => ready);
    if (!sandbox) throw new HttpError(409, `pod ${name} is not running`);
    const socket = await this.options.runtime.dialPod(sandbox, port);
    begin(res);
    pipeline(req, socket, () => undefined);
    pipeline(socket, res, () => undefined);
  }

  #worker(namespace: string, name: string) {
    const worker = this.options.manager.find(namespace, name);
    if (!worker) throw new HttpError(404, `pod "${name}" in namespace "${namespace}" is not on this node`);
    return worker;
  }

  /** The newest run of the container, or the one before. */
  async #run(
    [namespace = '', name = '', container = '']: readonly string[],
    previous: boolean,
  ): Promise<ContainerStatus> {
    const worker = this.#worker(namespace, name);
    const spec = specOf(worker.pod);
    const exists = [
      ...spec.containers,
      ...(spec.initContainers ?? []),
      ...(spec.ephemeralContainers ?? []),
    ].some((candidate) => candidate.name === container);
    if (!exists) throw new HttpError(404, `container "${container}" not found in pod "${name}"`);
    const { containers } = await this.options.runtime.observePod(worker.pod.metadata.uid);
    const runs = containers.filter((run) => run.name === container && run.state !== 'created');
    const run = previous ? runs[1] : runs[0];
    if (run) return run;
    throw previous
      ? new HttpError(400, `previous terminated container "${container}" in pod "${name}" not found`)
      : new HttpError(400, `container "${container}" in pod "${name}" is waiting to start`);
  }
}

/** Who waits for a stream to begin waits for the headers. */
function begin(res: Response): void {
  res.writeHead(200);
  if ('flushHeaders' in res) res.flushHeaders();
}

function sendText(res: Response, text: string): void {
  res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  res.end(text);
}

function sendJson(res: Response, body: object): void {
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HttpError(400, `${segment} is no path segment`);
  }
}
