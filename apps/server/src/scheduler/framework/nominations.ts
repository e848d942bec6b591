import type { PodInfo } from '../snapshot/pod-info';

const NONE: readonly PodInfo[] = [];

/**
 * Nodes that are kept for pods whose victims are on their way out. A kept place counts against pods of the same or
 * a lower priority; pods of a higher one may still take it.
 */
export class Nominations {
  #byNode = new Map<string, Map<string, PodInfo>>();
  #nodes = new Map<string, string>();

  get size(): number {
    return this.#nodes.size;
  }

  /** The node that is kept for the pod. */
  nodeOf(uid: string): string | undefined {
    return this.#nodes.get(uid);
  }

  set(info: PodInfo, node: string): void {
    this.clear(info.uid);
    this.#nodes.set(info.uid, node);
    const pods = this.#byNode.get(node) ?? new Map<string, PodInfo>();
    this.#byNode.set(node, pods.set(info.uid, info));
  }

  /** Answers the node that the pod had. */
  clear(uid: string): string | undefined {
    const node = this.#nodes.get(uid);
    if (node === undefined) return undefined;
    this.#nodes.delete(uid);
    const pods = this.#byNode.get(node);
    pods?.delete(uid);
    if (pods?.size === 0) this.#byNode.delete(node);
    return node;
  }

  /** The pods nominated to the node. */
  on(node: string): readonly PodInfo[] {
    const pods = this.#byNode.get(node);
    return pods ? [...pods.values()] : NONE;
  }

  /** Those whose claim on the node stands above this pod's. */
  ahead(node: string, pod: PodInfo): readonly PodInfo[] {
    const pods = this.#byNode.get(node);
    if (!pods) return NONE;
    return [...pods.values()].filter((other) => other.uid !== pod.uid && other.priority >= pod.priority);
  }

  copy(): Nominations {
    const same = new Nominations();
    for (const [node, pods] of this.#byNode) for (const info of pods.values()) same.set(info, node);
    return same;
  }
}
