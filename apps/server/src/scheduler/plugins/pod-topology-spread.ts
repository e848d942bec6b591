import { type Cycle, MAX_SCORE, type Plugin } from '../framework/plugin';
import { rejection, type Shortfall } from '../framework/rejection';
import { HOSTNAME_LABEL, type NodeInfo } from '../snapshot/node-info';
import { eventPod } from './event-pod';
import {
  type ConstraintSources,
  constraintsOf,
  eligibleNodes,
  type SpreadConstraint,
} from './spread-constraints';
import { domainOf } from './topology-domains';

const UNEVEN = rejection("node(s) didn't match pod topology spread constraints");
const NO_LABEL = rejection("node(s) didn't match pod topology spread constraints (missing required label)", {
  unresolvable: true,
});

interface Spread {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** Matching pods per domain; a live view. */
  readonly counts: ReadonlyMap<string, number>;
  /** The least of any domain that the pod could go to. */
  readonly least: number;
  /** 1 when the pod itself counts. */
  readonly self: number;
}

interface Preference {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** Grows with the number of domains: a label with few values counts as much as one with many. */
  readonly weight: number;
  /** Pods by node name for the host name, by domain for others. */
  readonly counts: ReadonlyMap<string, number>;
}

interface Preferences {
  readonly all: readonly Preference[];
  /** Nodes that lack one of the labels are judged by the others; otherwise they get nothing. */
  readonly lenient: boolean;
}

/**
 * Keeps the pods that a constraint selects evenly over zones, nodes or any other label of nodes. Reads counts that
 * the snapshot keeps per domain, so that its cost does not depend on the number of pods or nodes.
 */
export function podTopologySpread(sources: ConstraintSources): Plugin {
  return {
    name: 'PodTopologySpread',
    scope: 'cluster',
    isQuick: true,
    retryOn: ['node-added', 'node-changed', 'pod-removed', 'pod-placed'],

    preFilter(cycle) {
      const { constraints } = constraintsOf(cycle.pod, 'DoNotSchedule', sources);
      const spreads = constraints.map(({ constraint, matcher, keys }) => {
        const { topologyKey, maxSkew, minDomains = 1 } = constraint;
        const eligible = eligibleNodes(constraint, keys, cycle.pod);
        const { counts, least } = cycle.snapshot.domainCounts(matcher, { topologyKey, eligible });
        return {
          topologyKey,
          maxSkew,
          counts,
          least: counts.size < minDomains ? 0 : least,
          self: matcher.matches(cycle.pod) ? 1 : 0,
        } satisfies Spread;
      });
      return spreads.length === 0 ? { kind: 'skip' } : { kind: 'check', state: spreads };
    },

    filter(_cycle, node, state) {
      for (const spread of state as readonly Spread[]) {
        const skew = skewOn(node, spread);
        if (skew === undefined) return NO_LABEL;
        if (skew > spread.maxSkew) return UNEVEN;
      }
      return undefined;
    },

    /** Only pods that a constraint counts change how even things are. */
    hint(event, pod) {
      const other = eventPod(event);
      if (!other) return 'queue';
      const counted = constraintsOf(pod, 'DoNotSchedule', sources).constraints.some(
        ({ matcher }) =>
          other.namespace === pod.namespace && matcher.matches({ ...other, terminating: false }),
      );
      return counted ? 'queue' : 'skip';
    },

    shortfalls(_cycle, node, state) {
      return (state as readonly Spread[]).flatMap((spread): Shortfall[] => {
        const { topologyKey, maxSkew } = spread;
        const skew = skewOn(node, spread);
        if (skew === undefined) return [{ kind: 'label', key: topologyKey, operator: 'Exists', wanted: [] }];
        return skew > maxSkew ? [{ kind: 'spread', topologyKey, skew, maxSkew }] : [];
      });
    },

    preScore(cycle, nodes) {
      const { constraints, lenient } = constraintsOf(cycle.pod, 'ScheduleAnyway', sources);
      if (constraints.length === 0) return { kind: 'skip' };
      const keys = constraints.map(({ constraint }) => constraint.topologyKey);
      const judged = lenient
        ? nodes
        : nodes.filter((node) => keys.every((key) => domainOf(node, key) !== undefined));
      const all = constraints.map((one) => preferenceOf(one, cycle, judged));
      return { kind: 'score', state: { all, lenient } satisfies Preferences };
    },

    /** How many are there already; normalize turns few into much. */
    score(_cycle, node, state) {
      const { all, lenient } = state as Preferences; // made by preScore above
      let sum = 0;
      for (const { topologyKey, maxSkew, weight, counts } of all) {
        const domain = domainOf(node, topologyKey);
        if (domain === undefined) {
          if (lenient) continue;
          return Number.NaN;
        }
        const count = counts.get(topologyKey === HOSTNAME_LABEL ? node.name : domain) ?? 0;
        sum += count * weight + maxSkew - 1;
      }
      return Math.round(sum);
    },

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
}

function preferenceOf(
  { constraint, matcher, keys }: SpreadConstraint,
  { pod, snapshot }: Cycle,
  judged: readonly NodeInfo[],
): Preference {
  const { topologyKey, maxSkew } = constraint;
  if (topologyKey === HOSTNAME_LABEL) {
    const weight = Math.log(judged.length + 2);
    return { topologyKey, maxSkew, weight, counts: snapshot.matchCounts(matcher) };
  }
  const domains = new Set<string>();
  for (const node of judged) {
    const domain = domainOf(node, topologyKey);
    if (domain !== undefined) domains.add(domain);
  }
  const eligible = eligibleNodes(constraint, keys, pod);
  const { counts } = snapshot.domainCounts(matcher, { topologyKey, eligible });
  return { topologyKey, maxSkew, weight: Math.log(domains.size + 2), counts };
}

/** What the skew would be with the pod here; undefined where the label is missing. */
function skewOn(node: NodeInfo, { topologyKey, counts, least, self }: Spread): number | undefined {
  const domain = domainOf(node, topologyKey);
  return domain === undefined ? undefined : (counts.get(domain) ?? 0) + self - least;
}
