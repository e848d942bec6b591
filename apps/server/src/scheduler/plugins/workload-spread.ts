import type { Service } from 'kubernetes-types/core/v1';
import { type Cycle, MAX_SCORE, type Plugin } from '../framework/plugin';
import type { PodMatcher } from '../snapshot/match-counts';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';

/** How much of the score comes from the zone, where nodes have one. */
const ZONE_SHARE = 2 / 3;

/**
 * Spreads the pods of one workload over nodes and zones: those of the same controller, or, for pods without
 * one, those behind the same services. Only a preference; topology spread constraints are the rule-like form.
 *
 * @param servicesIn the services of a namespace, as they are now
 */
export function workloadSpread(servicesIn: (namespace: string) => readonly Service[]): Plugin {
  return {
    name: 'WorkloadSpread',

    preScore(cycle, nodes) {
      const matcher = siblingsOf(cycle.pod, servicesIn);
      if (!matcher) return { kind: 'skip' };
      const perNode = cycle.snapshot.matchCounts(matcher);
      if (perNode.size === 0) return { kind: 'skip' };
      return { kind: 'score', state: { perNode, ...largest(perNode, nodes) } satisfies Siblings };
    },

    score(_cycle: Cycle, node, state) {
      const { perNode, mostOnNode, perZone, mostInZone } = state as Siblings; // made by preScore above
      const byNode = fewness(perNode.get(node.name) ?? 0, mostOnNode);
      const zone = perZone && node.traits.zone;
      if (!perZone || zone === undefined) return Math.floor(byNode);
      const byZone = fewness(perZone.get(zone) ?? 0, mostInZone);
      return Math.floor(byNode * (1 - ZONE_SHARE) + byZone * ZONE_SHARE);
    },
  };
}

interface Siblings {
  readonly perNode: ReadonlyMap<string, number>;
  readonly mostOnNode: number;
  /** Undefined when no candidate has a zone. */
  readonly perZone: ReadonlyMap<string, number> | undefined;
  readonly mostInZone: number;
}

function fewness(count: number, most: number): number {
  return most === 0 ? MAX_SCORE : (MAX_SCORE * (most - count)) / most;
}

function largest(perNode: ReadonlyMap<string, number>, nodes: readonly NodeInfo[]) {
  let mostOnNode = 0;
  let mostInZone = 0;
  let perZone: Map<string, number> | undefined;
  for (const node of nodes) {
    const count = perNode.get(node.name) ?? 0;
    if (count > mostOnNode) mostOnNode = count;
    const zone = node.traits.zone;
    if (zone === undefined) continue;
    perZone ??= new Map();
    const inZone = (perZone.get(zone) ?? 0) + count;
    perZone.set(zone, inZone);
    if (inZone > mostInZone) mostInZone = inZone;
  }
  return { mostOnNode, perZone, mostInZone };
}

/** The pods of the same workload: of the same controller, or behind the same services. */
export function siblingsOf(
  pod: PodInfo,
  servicesIn: (namespace: string) => readonly Service[],
): PodMatcher | undefined {
  const { ownerUid, namespace } = pod;
  if (ownerUid !== undefined) {
    return {
      key: `owner ${ownerUid}`,
      namespace,
      matches: (other) => other.ownerUid === ownerUid && !other.terminating,
    };
  }
  const selectors = servicesIn(namespace).flatMap(({ spec }) =>
    spec?.selector && selects(spec.selector, pod.labels) ? [spec.selector] : [],
  );
  if (selectors.length === 0) return undefined;
  return {
    key: `services ${JSON.stringify(selectors)}`,
    namespace,
    matches: (other) => !other.terminating && selectors.every((selector) => selects(selector, other.labels)),
  };
}

/** An empty selector selects nothing, as for services. */
function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  let any = false;
  for (const key in selector) {
    if (labels[key] !== selector[key]) return false;
    any = true;
  }
  return any;
}
