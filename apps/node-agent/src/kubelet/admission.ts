import { quantityMillis, quantityValue } from '@wheelhouse/shared/meta/quantity';
import type { Container, Pod, PodSpec } from 'kubernetes-types/core/v1';
import type { WaitingReason } from './pods/pod-view';

export interface AdmissionInput {
  readonly pod: Pod;
  /** Pods that already count on this node. */
  readonly others: readonly Pod[];
  readonly allocatable: Readonly<Record<string, string>>;
  readonly nodeLabels: Readonly<Record<string, string>>;
}

/** Pure: the node's own last word on a pod that was bound to it; undefined lets it in. */
export function rejectPod(input: AdmissionInput): WaitingReason | undefined {
  return wrongNode(input) ?? portTaken(input) ?? tooMuch(input);
}

function wrongNode({ pod, nodeLabels }: AdmissionInput): WaitingReason | undefined {
  const wanted = Object.entries(pod.spec?.nodeSelector ?? {});
  if (wanted.every(([key, value]) => nodeLabels[key] === value)) return undefined;
  return {
    reason: 'NodeAffinity',
    message:
      "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  };
}

interface HostPort {
  readonly ip: string;
  readonly port: number;
  readonly protocol: string;
}

function portTaken({ pod, others }: AdmissionInput): WaitingReason | undefined {
  const taken = others.flatMap(hostPorts);
  const clash = hostPorts(pod).find((port) => taken.some((other) => overlaps(port, other)));
  if (!clash) return undefined;
  return {
    reason: 'NodePorts',
    message: `Pod was rejected: Predicate NodePorts failed: host port ${clash.port}/${clash.protocol} is in use on this node`,
  };
}

function hostPorts(pod: Pod): HostPort[] {
  return (pod.spec?.containers ?? []).flatMap(({ ports = [] }) =>
    ports
      .filter(({ hostPort }) => hostPort)
      .map(({ hostPort = 0, hostIP, protocol }) => ({
        ip: hostIP || '0.0.0.0',
        port: hostPort,
        protocol: protocol ?? 'TCP',
      })),
  );
}

const overlaps = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port &&
  a.protocol === b.protocol &&
  (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0');

function tooMuch({ pod, others, allocatable }: AdmissionInput): WaitingReason | undefined {
  for (const [resource, text] of Object.entries(allocatable)) {
    const amount = resource === 'cpu' ? quantityMillis : quantityValue;
    const capacity = amount(text);
    const need = (of: Pod) => (resource === 'pods' ? 1 : podRequest(of.spec, resource, amount));
    const requested = need(pod);
    if (requested === 0) continue;
    const used = others.reduce((sum, other) => sum + need(other), 0);
    if (used + requested <= capacity) continue;
    return {
      reason: `OutOf${resource}`,
      message: `Pod was rejected: Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
    };
  }
  return undefined;
}

/** Kubernetes' rule: the main containers and sidecars together, or the largest init container if that is more. */
function podRequest(spec: PodSpec | undefined, resource: string, amount: (text: string) => number): number {
  const of = (container: Container) => amount(container.resources?.requests?.[resource] ?? '0');
  const inits = spec?.initContainers ?? [];
  let sidecars = 0;
  let largestInit = 0;
  for (const container of inits) {
    if (container.restartPolicy === 'Always') sidecars += of(container);
    else largestInit = Math.max(largestInit, sidecars + of(container));
  }
  const mains = (spec?.containers ?? []).reduce((sum, container) => sum + of(container), sidecars);
  return Math.max(mains, largestInit) + amount(spec?.overhead?.[resource] ?? '0');
}
