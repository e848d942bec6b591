import type { Node, Pod } from 'kubernetes-types/core/v1';
import { type PodInfo, podInfo } from '../snapshot/pod-info';
import { Snapshot } from '../snapshot/snapshot';

interface Placed {
  readonly info: PodInfo;
  readonly node: string;
  /**
   * Set from the decision until the API confirms it. `expires` (monotonic milliseconds) is set once the binding is
   * written: if nothing is heard of it by then, the pod was deleted or bound otherwise in between.
   */
  assumed: { expires: number | undefined } | undefined;
}

const CONFIRM_WITHIN_MS = 30_000;

/** What a placed pod's new version changed, as far as scheduling cares. */
export type PlacedChange = 'added' | 'confirmed' | 'moved' | 'changed' | 'same';

/**
 * The cluster as the scheduler believes it to be: what the API reported, plus the decisions that are on their way
 * there. A pod is on at most one node; the API's word replaces an assumption.
 */
export class ClusterCache {
  readonly snapshot = new Snapshot();
  #placed = new Map<string, Placed>();
  #awaited = new Set<string>();

  /** UIDs that were assumed and whose binding is not confirmed yet. */
  get assumed(): number {
    return this.#awaited.size;
  }

  setNode(node: Node): 'added' | 'changed' | 'same' {
    return this.snapshot.setNode(node);
  }

  removeNode(name: string): void {
    this.snapshot.removeNode(name);
  }

  /** Counts the pod on the node from now on, before the API knows. */
  assume(info: PodInfo, node: string): void {
    this.#put({ info, node, assumed: { expires: undefined } });
    this.#awaited.add(info.uid);
  }

  isAssumed(uid: string): boolean {
    return this.#awaited.has(uid);
  }

  /** The binding is written; its event should follow soon. */
  bound(uid: string, now: number): void {
    const assumed = this.#placed.get(uid)?.assumed;
    if (assumed) assumed.expires = now + CONFIRM_WITHIN_MS;
  }

  /** Takes an assumption back; answers the node that it was on, or undefined when it is no assumption (any more). */
  forget(uid: string): string | undefined {
    const placed = this.#placed.get(uid);
    if (!placed?.assumed) return undefined;
    this.remove(uid);
    return placed.node;
  }

  /** The API says that the pod is on its node. Its status may change as it likes: that is not looked at. */
  setPlaced(pod: Pod, node: string): PlacedChange {
    const uid = pod.metadata?.uid ?? '';
    const known = this.#placed.get(uid);
    if (known?.node === node && sameForScheduling(known.info, pod)) {
      if (!known.assumed) return 'same';
      known.assumed = undefined;
      this.#awaited.delete(uid);
      return 'confirmed';
    }
    if (known) this.remove(uid);
    this.#put({ info: podInfo(pod), node, assumed: undefined });
    if (!known) return 'added';
    return known.node === node ? 'changed' : 'moved';
  }

  /** Answers the node that the pod was on. */
  remove(uid: string): string | undefined {
    const placed = this.#placed.get(uid);
    if (!placed) return undefined;
    this.#placed.delete(uid);
    this.#awaited.delete(uid);
    this.snapshot.removePod(uid, placed.node);
    return placed.node;
  }

  /** Takes back assumptions that were never confirmed. */
  expire(now: number): PodInfo[] {
    const gone: PodInfo[] = [];
    for (const uid of this.#awaited) {
      const placed = this.#placed.get(uid);
      if ((placed?.assumed?.expires ?? Number.POSITIVE_INFINITY) > now) continue;
      if (placed) gone.push(placed.info);
    }
    for (const { uid } of gone) this.remove(uid);
    return gone;
  }

  #put(placed: Placed): void {
    this.#placed.set(placed.info.uid, placed);
    this.snapshot.addPod(placed.info, placed.node);
  }
}

function sameForScheduling(info: PodInfo, pod: Pod): boolean {
  return (
    info.terminating === (pod.metadata?.deletionTimestamp !== undefined) &&
    sameLabels(info.labels, pod.metadata?.labels ?? {}) &&
    sameResources(info.pod, pod)
  );
}

function sameLabels(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Containers' requests can change in place. */
function sameResources(a: Pod, b: Pod): boolean {
  const containers = b.spec?.containers ?? [];
  if (a.spec?.containers === containers) return true;
  return containers.every(({ resources }, index) => {
    const before = a.spec?.containers[index]?.resources?.requests;
    const after = resources?.requests;
    return before === after || sameLabels(before ?? {}, after ?? {});
  });
}
