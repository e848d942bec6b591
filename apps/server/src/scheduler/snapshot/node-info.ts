import { quantityValue } from '@wheelhouse/shared/meta/quantity';
import type { Node, Taint } from 'kubernetes-types/core/v1';
import type { HostPort, PodInfo } from './pod-info';
import { addInto, copyResources, noResources, parseResources, type Resources } from './resources';

const DEFAULT_MAX_PODS = 110;
export const ZONE_LABEL = 'topology.kubernetes.io/zone';
export const HOSTNAME_LABEL = 'kubernetes.io/hostname';

/** The parts of a node object that scheduling reads, computed once per version of the object. */
export interface NodeTraits {
  readonly node: Node;
  readonly labels: Readonly<Record<string, string>>;
  /** The labels that say where the node stands, at hand because they are asked for so often. */
  readonly zone: string | undefined;
  readonly hostname: string | undefined;
  /** Taints that keep pods away (NoSchedule, NoExecute). */
  readonly hardTaints: readonly Taint[];
  /** Taints that only make a node less attractive. */
  readonly softTaints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly allocatable: Resources;
  readonly maxPods: number;
  /** Bytes by image name, every name of an image. */
  readonly images: ReadonlyMap<string, number>;
}

/**
 * One node with the sum of what its pods take. Belongs to one snapshot generation: a snapshot that was forked
 * copies it before the first change (see `Snapshot`).
 */
export class NodeInfo {
  readonly name: string;
  traits: NodeTraits;
  readonly requested: Resources;
  /** Requests with defaults for pods that request nothing; for scoring only. */
  scoredMilliCpu = 0;
  scoredMemory = 0;
  /** By UID. Assumed pods are among them. */
  readonly pods: Map<string, PodInfo>;
  /** Ports taken, with the key of the pod that took it; undefined while there are none. */
  hostPorts: { readonly port: HostPort; readonly takenBy: PodInfo }[] | undefined;
  /** The lowest priority among its pods, or less than that after such a pod left; see `hasBelow`. */
  #lowestPriority = Number.POSITIVE_INFINITY;
  /** The snapshot epoch that may change this copy in place. */
  epoch: number;

  constructor(traits: NodeTraits, epoch: number, from?: NodeInfo) {
    this.name = traits.node.metadata?.name ?? '';
    this.traits = traits;
    this.epoch = epoch;
    this.requested = from ? copyResources(from.requested) : noResources();
    this.pods = new Map(from?.pods);
    if (from) {
      this.scoredMilliCpu = from.scoredMilliCpu;
      this.scoredMemory = from.scoredMemory;
      this.hostPorts = from.hostPorts?.slice();
      this.#lowestPriority = from.#lowestPriority;
    }
  }

  copy(epoch: number): NodeInfo {
    return new NodeInfo(this.traits, epoch, this);
  }

  /** Whether a pod of a lower priority runs here. Looks at the pods only when one may. */
  hasBelow(priority: number): boolean {
    if (this.#lowestPriority >= priority) return false;
    let lowest = Number.POSITIVE_INFINITY;
    for (const pod of this.pods.values()) lowest = Math.min(lowest, pod.priority);
    this.#lowestPriority = lowest;
    return lowest < priority;
  }

  /** The pod must not be here yet. */
  addPod(pod: PodInfo): void {
    this.pods.set(pod.uid, pod);
    addInto(this.requested, pod.requests);
    this.scoredMilliCpu += pod.scored.milliCpu;
    this.scoredMemory += pod.scored.memory;
    if (pod.priority < this.#lowestPriority) this.#lowestPriority = pod.priority;
    for (const port of pod.hostPorts) {
      this.hostPorts ??= [];
      this.hostPorts.push({ port, takenBy: pod });
    }
  }

  /** Returns what was removed, or undefined when the pod was not here. */
  removePod(uid: string): PodInfo | undefined {
    const pod = this.pods.get(uid);
    if (!pod) return undefined;
    this.pods.delete(uid);
    addInto(this.requested, pod.requests, -1);
    this.scoredMilliCpu -= pod.scored.milliCpu;
    this.scoredMemory -= pod.scored.memory;
    if (pod.hostPorts.length > 0) {
      const rest = this.hostPorts?.filter((taken) => taken.takenBy !== pod);
      this.hostPorts = rest?.length ? rest : undefined;
    }
    return pod;
  }
}

export function nodeTraits(node: Node): NodeTraits {
  const taints = node.spec?.taints ?? [];
  const allocatable = node.status?.allocatable ?? node.status?.capacity;
  const images = new Map<string, number>();
  for (const image of node.status?.images ?? []) {
    for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  }
  return {
    node,
    labels: node.metadata?.labels ?? {},
    zone: node.metadata?.labels?.[ZONE_LABEL],
    hostname: node.metadata?.labels?.[HOSTNAME_LABEL],
    hardTaints: taints.filter((taint) => taint.effect !== 'PreferNoSchedule'),
    softTaints: taints.filter((taint) => taint.effect === 'PreferNoSchedule'),
    unschedulable: node.spec?.unschedulable ?? false,
    allocatable: parseResources(allocatable),
    maxPods: allocatable?.pods === undefined ? DEFAULT_MAX_PODS : quantityValue(allocatable.pods),
    images,
  };
}

/** True when nothing that scheduling reads differs: heartbeats and condition changes are not news. */
export function sameTraits(a: NodeTraits, b: NodeTraits): boolean {
  const relevant = ({ node }: NodeTraits) =>
    JSON.stringify([
      node.metadata?.labels,
      node.spec?.taints,
      node.spec?.unschedulable,
      node.status?.allocatable ?? node.status?.capacity,
    ]);
  return a.node === b.node || relevant(a) === relevant(b);
}
