import type { Plugin } from '../framework/plugin';
import { rejection } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import { type PodInfo, portsCollide } from '../snapshot/pod-info';

const TAKEN = rejection("node(s) didn't have free ports for the requested pod ports");

/** Two pods cannot hold the same port of one host. */
export const nodePorts: Plugin = {
  name: 'NodePorts',
  scope: 'node',
  retryOn: ['node-added', 'pod-removed'],

  preFilter({ pod }) {
    return pod.hostPorts.length === 0 ? { kind: 'skip' } : { kind: 'check' };
  },

  filter({ pod }, node) {
    return node.hostPorts && collisions(pod, node).length > 0 ? TAKEN : undefined;
  },

  shortfalls({ pod }, node) {
    return collisions(pod, node).map(({ port, takenBy }) => ({
      kind: 'port',
      port: port.port,
      protocol: port.protocol,
      takenBy: takenBy.key,
    }));
  },

  /** A second copy would collide with the first. */
  headroom({ pod }, node) {
    const [collision] = collisions(pod, node);
    const port = collision?.port ?? pod.hostPorts[0];
    if (!port) return { copies: Number.POSITIVE_INFINITY, limitedBy: undefined };
    const takenBy = collision?.takenBy ?? pod;
    return {
      copies: collision ? 0 : 1,
      limitedBy: { kind: 'port', port: port.port, protocol: port.protocol, takenBy: takenBy.key },
    };
  },
};

function collisions(pod: PodInfo, node: NodeInfo) {
  return (node.hostPorts ?? []).filter((taken) =>
    pod.hostPorts.some((port) => portsCollide(port, taken.port)),
  );
}
