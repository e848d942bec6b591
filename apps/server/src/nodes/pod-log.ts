import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { badRequest } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Logger } from '../component';
import type { ApiRequest, Res, SubresourceHandler } from '../http/extension';
import { logOverWebSocket } from '../streams/log-over-websocket';
import type { NodeConnections, NodeResponse } from './node-connections';
import { MAX_REFUSAL_BYTES, nodeRefusal } from './node-refusal';
import { chooseContainer, containerLogPath, parsePodLogOptions } from './pod-log-options';
import { requireNode } from './required-node';

/**
 * GET `pods/log`: streams a container's output from its node, as fast as the client reads it. Ends when the log does,
 * or with `follow` when the container does; a connection that breaks in between breaks the answer, so that a log cut
 * short is never taken for a whole one.
 */
export function createPodLogHandler(options: {
  /** Reads pods with the server's own rights; the request itself was authorized for `pods/log`. */
  readonly client: Client;
  readonly nodes: NodeConnections;
  readonly clock: Clock;
  readonly log: Logger;
}): SubresourceHandler {
  const { client, nodes, clock, log } = options;
  /** Undefined for a pod without a node, which has said nothing yet: Kubernetes answers with an empty log. */
  const open = async (request: ApiRequest, signal: AbortSignal): Promise<Readable | undefined> => {
    const { namespace, name } = podOf(request);
    const wanted = parsePodLogOptions(name, request.url.searchParams);
    const pod = await client.get(podKind, { namespace, name });
    const container = chooseContainer(pod, wanted.container);
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) return undefined;
    await requireNode(client, nodes, nodeName);
    const path = containerLogPath({ namespace, name, container }, wanted);
    const answer = await nodes.request(nodeName, { method: 'GET', path, signal });
    if (answer.status !== 200) throw nodeRefusal(answer.status, await readText(answer));
    return answer.body;
  };
  return {
    group: '',
    plural: 'pods',
    subresource: 'log',
    methods: ['GET'],
    async handle(request, _req, res) {
      const abort = new AbortController();
      const hangUp = () => abort.abort();
      res.once('close', hangUp);
      try {
        const body = await open(request, abort.signal);
        res.off('close', hangUp);
        if (body) {
          begin(res);
          await stream(body, res, log);
        } else {
          // A pod without a node has written nothing.
          res.writeHead(204).end();
        }
      } finally {
        res.off('close', hangUp);
      }
    },
    async upgrade(request, req, socket, head) {
      const abort = new AbortController();
      const hangUp = () => abort.abort();
      socket.once('close', hangUp);
      try {
        await logOverWebSocket({ req, socket, head, clock }, () => open(request, abort.signal));
      } finally {
        socket.off('close', hangUp);
      }
    },
  };
}

export function podOf(request: ApiRequest): { namespace: string; name: string } {
  const { namespace, name } = request.resource ?? {};
  if (!namespace || !name) throw badRequest('a namespace and a pod name are required');
  return { namespace, name };
}

async function stream(body: Readable, res: Res, log: Logger): Promise<void> {
  // HTTP/2 answers write through their stream; the response object is a facade without backpressure events of its own.
  const target = 'stream' in res ? res.stream : res;
  try {
    await pipeline(body, target);
  } catch (error) {
    // The head is sent: nobody can be told any more. Readers who leave are the usual case.
    log.debug({ err: error }, 'a log stream ended early');
  }
}

function begin(res: Res): void {
  res.writeHead(200, { 'content-type': 'text/plain' });
  // With `follow` the first line may be long in coming; the client should know that it is connected.
  if ('flushHeaders' in res) res.flushHeaders();
}

async function readText(answer: NodeResponse): Promise<string> {
  let text = '';
  for await (const chunk of answer.body) {
    text += chunk;
    if (text.length > MAX_REFUSAL_BYTES) break;
  }
  return text.slice(0, MAX_REFUSAL_BYTES).trim();
}
