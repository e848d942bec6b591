import { badRequest } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { ApiRequest, SubresourceHandler } from '../http/extension';
import type { ForwardTarget } from '../streams/forward-port';
import { forwardOverSpdy } from '../streams/port-forward-over-spdy';
import {
  forwardOverChannels,
  forwardOverTunnel,
  portsAsked,
  TUNNEL_PROTOCOL,
} from '../streams/port-forward-over-websocket';
import { isSpdy, isWebSocket, offeredProtocols, type Upgrade, unknownUpgrade } from '../streams/upgrade';
import type { PodStreamOptions } from './pod-command';
import { podOf } from './pod-log';
import { requireNode } from './required-node';

/** `pods/portforward`: connections to ports of a pod, over SPDY, SPDY within WebSocket, or WebSocket channels. */
export function createPodPortForwardHandler(options: PodStreamOptions): SubresourceHandler {
  const { nodes, clock, log } = options;
  return {
    group: '',
    plural: 'pods',
    subresource: 'portforward',
    methods: ['GET', 'POST'],
    connects: 'PodPortForwardOptions',
    async handle(request) {
      await targetOf(options, request);
      throw badRequest('Upgrade request required');
    },
    async upgrade(request, req, socket, head) {
      const { namespace, name, pod, nodeName } = await targetOf(options, request);
      if (!nodes.isConnected(nodeName)) await nodes.connect(nodeName, '/');
      const path = `/${['portForward', namespace, name].map(encodeURIComponent).join('/')}`;
      const target: ForwardTarget = {
        pod: `${name}, uid ${pod.metadata?.uid ?? ''}`,
        dial: (port) => nodes.connect(nodeName, `${path}?port=${port}`),
        log,
      };
      const upgrade: Upgrade = { req, socket, head, clock };
      if (isWebSocket(req)) {
        if (offeredProtocols(req).includes(TUNNEL_PROTOCOL)) return forwardOverTunnel(upgrade, target);
        const ports = portsAsked(request.url.searchParams);
        return forwardOverChannels(upgrade, ports, target);
      }
      if (isSpdy(req)) return forwardOverSpdy(upgrade, target);
      unknownUpgrade(req);
    },
  };
}

/** The pod that is meant, and where it runs. Throws for pods that are not there or run nowhere yet. */
async function targetOf({ client, nodes }: PodStreamOptions, request: ApiRequest) {
  const { namespace, name } = podOf(request);
  const pod = await client.get(podKind, { namespace, name });
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) throw badRequest(`pod ${name} does not have a host assigned`);
  await requireNode(client, nodes, nodeName);
  return { namespace, name, pod, nodeName };
}
