import { once } from 'node:events';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { apiError, badRequest, methodNotAllowed, notFound } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import type { ApiRequest, Req, Res, SubresourceHandler } from '../../http/extension';
import type { PodStreamOptions } from '../pod-command';
import { type Dial, forwardRequest, forwardUpgrade, openTarget } from './forward-request';
import { asksByConsoleSession, responseHeaders } from './proxy-headers';
import { type ProxyPath, splitProxyPath } from './proxy-path';
import {
  type ProxyName,
  parseProxyName,
  podPort,
  requireProxyable,
  type ServiceBackend,
  serviceBackends,
} from './proxy-target';

interface Target {
  readonly scheme: 'http' | 'https';
  readonly dial: Dial;
}

/** `pods/proxy` and `services/proxy`: HTTP to a pod, through its node, so that pods behind NAT are reached as well. */
export function createProxyHandlers(options: PodStreamOptions): SubresourceHandler[] {
  const find = { pods: podTarget, services: serviceTarget } as const;
  return (['pods', 'services'] as const).map((plural) => ({
    group: '',
    plural,
    subresource: 'proxy',
    connects: plural === 'pods' ? 'PodProxyOptions' : 'ServiceProxyOptions',
    async handle(request, req, res) {
      const path = pathOf(req);
      // A page's relative links need the slash.
      const { scheme, dial } = await find[plural](request, options);
      if (path.target === '') {
        res.writeHead(301, { location: `${path.prefix}/${path.query}` });
        res.end();
        return;
      }
      await forwardRequest({ req, res }, await openTarget(dial, scheme), path);
    },
    async upgrade(request, req, socket, head) {
      const path = pathOf(req);
      const { scheme, dial } = await find[plural](request, options);
      forwardUpgrade({ req, socket, head }, await openTarget(dial, scheme), path);
    },
  }));
}

/** `nodes/proxy`: the kubelet's own answers. */
export function createNodeProxyHandler({ client, nodes }: PodStreamOptions): SubresourceHandler {
  return {
    group: '',
    plural: 'nodes',
    subresource: 'proxy',
    connects: 'NodeProxyOptions',
    async handle(request, req, res) {
      const { name } = parseProxyName(request.resource?.name ?? '', 'node');
      await client.get(nodeKind, { name });
      const path = pathOf(req);
      if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
      await answerFromNode({ req, res }, (signal) =>
        nodes.request(name, { method: 'GET', path: (path.target || '/') + path.query, signal }),
      );
    },
  };
}

async function answerFromNode(
  { res }: { readonly req: Req; readonly res: Res },
  ask: (signal: AbortSignal) => ReturnType<PodStreamOptions['nodes']['request']>,
): Promise<void> {
  const abort = new AbortController();
  const hangUp = () => abort.abort();
  res.once('close', hangUp);
  try {
    const answer = await ask(abort.signal);
    res.writeHead(answer.status, responseHeaders(answer.headers));
    await pipeline(answer.body, 'stream' in res ? res.stream : res);
  } catch (error) {
    if (!res.headersSent) throw error;
    // A broken answer is told by its broken end.
    res.destroy();
  } finally {
    res.off('close', hangUp);
  }
}

function pathOf(req: Req): ProxyPath {
  if (asksByConsoleSession(req))
    throw apiError('Forbidden', "pages of pods are not shown under the console's address; use kubectl proxy");
  const path = splitProxyPath(req.url ?? '/');
  if (!path) throw badRequest('the path of a proxy request is needed');
  return path;
}

async function podTarget(request: ApiRequest, { client, nodes }: PodStreamOptions): Promise<Target> {
  const { namespace = '' } = request.resource ?? {};
  const wanted = parseProxyName(request.resource?.name ?? '', 'pod');
  const pod = await client.get(podKind, { namespace, name: wanted.name });
  const nodeName = pod.spec?.nodeName;
  if (!nodeName || !pod.status?.podIP) throw badRequest('address not allowed');
  const port = podPort(pod, wanted);
  return {
    scheme: wanted.scheme,
    dial: () => nodes.connect(nodeName, forwardPath(namespace, wanted.name, port)),
  };
}

async function serviceTarget(request: ApiRequest, options: PodStreamOptions): Promise<Target> {
  const { namespace = '' } = request.resource ?? {};
  const wanted: ProxyName = parseProxyName(request.resource?.name ?? '', 'service');
  return findService(namespace, wanted, options);
}

/** A connection to a port of a service: through the node of one of its pods, so that pods behind NAT are reached. */
export async function dialService(
  { namespace, name, port }: { readonly namespace: string; readonly name: string; readonly port: number },
  options: PodStreamOptions,
): Promise<Duplex> {
  const { dial } = await findService(namespace, { scheme: 'https', name, port: String(port) }, options);
  return dial();
}

async function findService(namespace: string, wanted: ProxyName, options: PodStreamOptions): Promise<Target> {
  const service = await options.client.get(serviceKind, { namespace, name: wanted.name });
  const { items } = await options.client.list(endpointSliceKind, {
    namespace,
    labelSelector: `kubernetes.io/service-name=${wanted.name}`,
  });
  const backends = serviceBackends(service, items, wanted);
  const backend = backends[Math.floor(Math.random() * backends.length)];
  if (!backend) throw notFound({ kind: 'services', name: wanted.name });
  return { scheme: wanted.scheme, dial: () => dialBackend(backend, options) };
}

async function dialBackend({ address, port, pod }: ServiceBackend, { nodes }: PodStreamOptions) {
  if (pod) return nodes.connect(pod.nodeName, forwardPath(pod.namespace, pod.name, port));
  requireProxyable(address);
  const socket = connect({ host: address, port, noDelay: true, timeout: 10_000 });
  socket.once('timeout', () => socket.destroy(new Error('the connection timed out')));
  await once(socket, 'connect');
  socket.setTimeout(0);
  return socket;
}

const forwardPath = (namespace: string, name: string, port: number): string =>
  `/${['portForward', namespace, name].map(encodeURIComponent).join('/')}?port=${port}`;
