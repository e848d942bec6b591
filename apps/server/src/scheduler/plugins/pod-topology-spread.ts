import { selectorFromLabelSelector, selectorOf } from '@wheelhouse/shared/meta/labels';
import type { TopologySpreadConstraint } from 'kubernetes-types/core/v1';
import { type Cycle, MAX_SCORE, type Plugin } from '../framework/plugin';
import { rejection, type Shortfall } from '../framework/rejection';
import type { PodMatcher } from '../snapshot/match-counts';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import { fitsNodeAffinity } from './node-affinity';
import { tolerates } from './toleration';
import { countDomains, domainOf } from './topology-domains';

const UNEVEN = rejection("node(s) didn't match pod topology spread constraints");
const NO_LABEL = rejection("node(s) didn't match pod topology spread constraints (missing required label)", {
  unresolvable: true,
});

interface Spread {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** Matching pods per domain. */
  readonly domains: ReadonlyMap<string, number>;
  /** The least of any domain that the pod could go to. */
  readonly least: number;
  /** 1 when the pod itself counts. */
  readonly self: number;
}

/** Keeps the pods that a constraint selects evenly over zones, nodes or any other label of nodes. */
export const podTopologySpread: Plugin = {
  name: 'PodTopologySpread',
  scope: 'cluster',
  retryOn: ['node-added', 'node-changed', 'pod-removed', 'pod-placed'],

  preFilter(cycle) {
    const spreads = spreadsOf(cycle, 'DoNotSchedule');
    return spreads.length === 0 ? { kind: 'skip' } : { kind: 'check', state: spreads };
  },

  filter(_cycle, node, state) {
    for (const spread of state as Spread[]) {
      const skew = skewOn(node, spread);
      if (skew === undefined) return NO_LABEL;
      if (skew > spread.maxSkew) return UNEVEN;
    }
    return undefined;
  },

  shortfalls(_cycle, node, state) {
    return (state as Spread[]).flatMap((spread): Shortfall[] => {
      const { topologyKey, maxSkew } = spread;
      const skew = skewOn(node, spread);
      if (skew === undefined) return [{ kind: 'label', key: topologyKey, operator: 'Exists', wanted: [] }];
      return skew > maxSkew ? [{ kind: 'spread', topologyKey, skew, maxSkew }] : [];
    });
  },

  preScore(cycle) {
    const spreads = spreadsOf(cycle, 'ScheduleAnyway');
    return spreads.length === 0 ? { kind: 'skip' } : { kind: 'score', state: spreads };
  },

  /** How many are there already, weighed so that a label with few values counts as much as one with many. */
  score(_cycle, node, state) {
    let sum = 0;
    for (const { topologyKey, maxSkew, domains } of state as Spread[]) {
      const domain = domainOf(node, topologyKey);
      if (domain === undefined) return Number.NaN;
      sum += (domains.get(domain) ?? 0) * Math.log(domains.size + 2) + maxSkew - 1;
    }
    return Math.round(sum);
  },

  /** Few becomes much; nodes without the label get nothing. */
  normalize(_cycle, _nodes, scores) {
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (const score of scores) {
      if (score < least) least = score;
      if (score > most) most = score;
    }
    for (let i = 0; i < scores.length; i++) {
      const score = scores[i] as number;
      if (Number.isNaN(score)) scores[i] = 0;
      else scores[i] = most === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (most + least - score)) / most);
    }
  },
};

function spreadsOf(cycle: Cycle, action: 'DoNotSchedule' | 'ScheduleAnyway'): Spread[] {
  const { pod, snapshot } = cycle;
  const constraints = (pod.pod.spec?.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === action,
  );
  const keys = constraints.map(({ topologyKey }) => topologyKey);
  return constraints.map((constraint) => {
    const matcher = matcherFor(constraint, pod);
    const counted = new Map<string, number>();
    const eligible = new Set<string>();
    const perNode = snapshot.matchCounts(matcher);
    for (const node of snapshot.nodes) {
      if (!keys.every((key) => domainOf(node, key) !== undefined) || !isEligible(constraint, pod, node))
        continue;
      eligible.add(domainOf(node, constraint.topologyKey) ?? '');
      const count = perNode.get(node.name);
      if (count) counted.set(node.name, count);
    }
    const domains = countDomains(snapshot, counted, constraint.topologyKey);
    let least = eligible.size < (constraint.minDomains ?? 1) ? 0 : Number.POSITIVE_INFINITY;
    for (const domain of eligible) least = Math.min(least, domains.get(domain) ?? 0);
    for (const domain of eligible) if (!domains.has(domain)) domains.set(domain, 0);
    return {
      topologyKey: constraint.topologyKey,
      maxSkew: constraint.maxSkew,
      domains,
      least: Number.isFinite(least) ? least : 0,
      self: matcher.matches(pod) ? 1 : 0,
    };
  });
}

/** What the skew would be with the pod here; undefined where the label is missing. */
function skewOn(node: NodeInfo, { topologyKey, domains, least, self }: Spread): number | undefined {
  const domain = domainOf(node, topologyKey);
  return domain === undefined ? undefined : (domains.get(domain) ?? 0) + self - least;
}

/** Which nodes count as places to spread over: by default those that the pod's node affinity allows. */
function isEligible(constraint: TopologySpreadConstraint, pod: PodInfo, node: NodeInfo): boolean {
  if (constraint.nodeAffinityPolicy !== 'Ignore' && !fitsNodeAffinity(pod, node)) return false;
  if (constraint.nodeTaintsPolicy !== 'Honor') return true;
  return node.traits.hardTaints.every((taint) => tolerates(pod.pod.spec?.tolerations, taint));
}

function matcherFor(constraint: TopologySpreadConstraint, pod: PodInfo): PodMatcher {
  const { labelSelector, matchLabelKeys = [] } = constraint;
  const selected = selectorFromLabelSelector(labelSelector);
  const same = matchLabelKeys.flatMap((key) => {
    const value = pod.labels[key];
    return value === undefined ? [] : [{ key, operator: 'In' as const, values: [value] }];
  });
  const alike = selectorOf(same);
  return {
    key: `spread ${JSON.stringify([labelSelector, same])}`,
    namespace: pod.namespace,
    matches: (other) => !other.terminating && selected.matches(other.labels) && alike.matches(other.labels),
  };
}
