import type { Duplex } from 'node:stream';
import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { type ApiError, apiError, asApiError, badRequest } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Logger } from '../component';
import type { ApiRequest, SubresourceHandler } from '../http/extension';
import { type CommandClient, type CommandStreams, relayCommand } from '../streams/command-client';
import { commandOverSpdy, commandProtocolOfSpdy } from '../streams/command-over-spdy';
import { commandOverWebSocket, commandProtocolOfWebSocket } from '../streams/command-over-websocket';
import { isSpdy, isWebSocket, type Upgrade, unknownUpgrade } from '../streams/upgrade';
import type { NodeConnections } from './node-connections';
import { podOf } from './pod-log';
import { chooseContainer } from './pod-log-options';
import { requireNode } from './required-node';

export interface PodStreamOptions {
  /** Reads pods with the server's own rights; the request itself was authorized for the subresource. */
  readonly client: Client;
  readonly nodes: NodeConnections;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * `pods/exec` and `pods/attach`: a command's input and outputs between a client, over SPDY or WebSocket, and the
 * kubelet of the pod's node.
 */
export function createPodCommandHandler(
  subresource: 'exec' | 'attach',
  options: PodStreamOptions,
): SubresourceHandler {
  const { nodes, clock, log } = options;
  return {
    group: '',
    plural: 'pods',
    subresource,
    methods: ['GET', 'POST'],
    connects: subresource === 'exec' ? 'PodExecOptions' : 'PodAttachOptions',
    async handle(request) {
      await targetOf(options, request);
      throw badRequest('Upgrade request required');
    },
    async upgrade(request, req, socket, head) {
      const query = request.url.searchParams;
      const asked = streamsOf(query);
      const { namespace, name, container, nodeName } = await targetOf(options, request);
      if (subresource === 'exec' && !query.getAll('command').length)
        throw badRequest('you must specify at least 1 command for the container');
      if (!asked.stdin && !asked.stdout && !asked.stderr)
        throw badRequest('you must specify at least 1 of stdin, stdout, stderr');
      const upgrade: Upgrade = { req, socket, head, clock };
      const accept = transportOf(upgrade);

      const path = nodePath([subresource, namespace, name, container], asked, query.getAll('command'));
      const stream = await connectOrFailure(() => nodes.connect(nodeName, path));
      if ('failure' in stream) {
        (await accept(upgrade, asked)).finish(stream.failure.status);
        return;
      }
      stream.on('error', (error) =>
        log.debug({ err: error, node: nodeName }, `an ${subresource} stream failed`),
      );
      // A client that leaves before the answer must not leave its command behind.
      const leave = () => stream.destroy();
      socket.once('close', leave);
      if (socket.destroyed) {
        leave();
        return;
      }
      try {
        await relayCommand(await accept(upgrade, asked), stream);
      } catch (error) {
        // The answer is sent: nobody can be told any more.
        log.debug({ err: error, node: nodeName }, `an ${subresource} client went away`);
        stream.destroy();
        socket.destroy();
      }
    },
  };
}

/** The container that is meant, and where it runs. Throws for pods that are not there or run nowhere yet. */
async function targetOf({ client, nodes }: PodStreamOptions, request: ApiRequest) {
  const { namespace, name } = podOf(request);
  const pod = await client.get(podKind, { namespace, name });
  const container = chooseContainer(pod, request.url.searchParams.get('container') || undefined);
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
  await requireNode(client, nodes, nodeName);
  return { namespace, name, container, nodeName };
}

type Accept = (upgrade: Upgrade, asked: CommandStreams) => Promise<CommandClient>;

/** How to answer this client; throws for one that speaks nothing that is served. */
function transportOf(upgrade: Upgrade): Accept {
  if (isWebSocket(upgrade.req)) {
    commandProtocolOfWebSocket(upgrade);
    return commandOverWebSocket;
  }
  if (isSpdy(upgrade.req)) {
    commandProtocolOfSpdy(upgrade);
    return commandOverSpdy;
  }
  return unknownUpgrade(upgrade.req);
}

/**
 * What keeps the runtime from running a command is told over the stream, as its result, so that clients show it as it
 * is; everything else is the answer to the request.
 */
async function connectOrFailure(connect: () => Promise<Duplex>): Promise<Duplex | { failure: ApiError }> {
  try {
    return await connect();
  } catch (thrown) {
    const error = asApiError(thrown);
    if (error.reason !== 'InternalError') throw error;
    const failure = apiError(
      'InternalError',
      `Internal error occurred: error executing command in container: ${error.message}`,
      { causes: [{ message: `error executing command in container: ${error.message}` }] },
    );
    return { failure };
  }
}

function streamsOf(query: URLSearchParams): CommandStreams {
  const isSet = (name: string) => {
    const value = query.get(name);
    return value !== null && value !== '0' && value.toLowerCase() !== 'false';
  };
  const tty = isSet('tty');
  // A terminal has one output.
  return { stdin: isSet('stdin'), stdout: isSet('stdout'), stderr: isSet('stderr') && !tty, tty };
}

function nodePath(names: readonly string[], asked: CommandStreams, command: readonly string[]): string {
  const query = new URLSearchParams();
  for (const name of ['stdin', 'stdout', 'stderr', 'tty'] as const) if (asked[name]) query.set(name, 'true');
  for (const word of command) query.append('command', word);
  return `/${names.map(encodeURIComponent).join('/')}?${query}`;
}
