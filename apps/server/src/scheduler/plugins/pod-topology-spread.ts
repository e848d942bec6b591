import { selectorFromLabelSelector, selectorOf } from '@wheelhouse/shared/meta/labels';
import type { TopologySpreadConstraint } from 'kubernetes-types/core/v1';
import { FieldReader } from '../config/field-reader';
import { type Cycle, MAX_SCORE, type Plugin } from '../framework/plugin';
import { rejection, type Shortfall } from '../framework/rejection';
import type { NodeTest } from '../snapshot/domain-count';
import type { PodMatcher } from '../snapshot/match-counts';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import { eventPod } from './event-pod';
import { fitsNodeAffinity, requiredTerms } from './node-affinity';
import { tolerates } from './toleration';
import { domainOf } from './topology-domains';

const UNEVEN = rejection("node(s) didn't match pod topology spread constraints");
const NO_LABEL = rejection("node(s) didn't match pod topology spread constraints (missing required label)", {
  unresolvable: true,
});
const HOSTNAME = 'kubernetes.io/hostname';

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
  /** Nodes that lack one of the labels get nothing. */
  readonly keys: readonly string[];
}

export interface TopologySpreadOptions {
  /** For pods without constraints of their own; they select the pods of the same workload. */
  readonly defaults?: readonly TopologySpreadConstraint[];
  /** The pods of the same workload. */
  readonly siblingsOf?: (pod: PodInfo) => PodMatcher | undefined;
}

/** PodTopologySpreadArgs: `defaultConstraints` with `defaultingType: List`. With `System` WorkloadSpread spreads. */
export function readTopologySpreadArgs(args: unknown): readonly TopologySpreadConstraint[] {
  const reader = new FieldReader(args, 'PodTopologySpread').only(
    'apiVersion',
    'kind',
    'defaultConstraints',
    'defaultingType',
  );
  const type = reader.field('defaultingType');
  const constraints = reader.field('defaultConstraints');
  if (type.isSet && type.oneOf('System', 'List') === 'System' && constraints.list().length > 0) {
    constraints.fail('only with defaultingType List');
  }
  return constraints.list().map((one) => ({
    maxSkew: one
      .only('maxSkew', 'topologyKey', 'whenUnsatisfiable')
      .field('maxSkew')
      .number({ min: 1, max: 1_000_000 }),
    topologyKey: one.field('topologyKey').text(),
    whenUnsatisfiable: one.field('whenUnsatisfiable').oneOf('DoNotSchedule', 'ScheduleAnyway'),
  }));
}

/**
 * Keeps the pods that a constraint selects evenly over zones, nodes or any other label of nodes. Reads counts that
 * the snapshot keeps per domain, so that its cost does not depend on the number of pods or nodes.
 */
export function podTopologySpread(options: TopologySpreadOptions = {}): Plugin {
  return {
    name: 'PodTopologySpread',
    scope: 'cluster',
    retryOn: ['node-added', 'node-changed', 'pod-removed', 'pod-placed'],

    preFilter(cycle) {
      const spreads = constraintsOf(cycle.pod, 'DoNotSchedule', options).map(
        ({ constraint, matcher, keys }) => {
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
        },
      );
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
      const counted = constraintsOf(pod, 'DoNotSchedule', options).some(
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
      const constraints = constraintsOf(cycle.pod, 'ScheduleAnyway', options);
      if (constraints.length === 0) return { kind: 'skip' };
      const keys = constraints.map(({ constraint }) => constraint.topologyKey);
      const labelled = nodes.filter((node) => keys.every((key) => domainOf(node, key) !== undefined));
      const all = constraints.map((one) => preferenceOf(one, cycle, labelled));
      return { kind: 'score', state: { all, keys } satisfies Preferences };
    },

    /** How many are there already; normalize turns few into much. */
    score(_cycle, node, state) {
      const { all } = state as Preferences; // made by preScore above
      let sum = 0;
      for (const { topologyKey, maxSkew, weight, counts } of all) {
        const domain = domainOf(node, topologyKey);
        if (domain === undefined) return Number.NaN;
        const count = counts.get(topologyKey === HOSTNAME ? node.name : domain) ?? 0;
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

interface Constraint {
  readonly constraint: TopologySpreadConstraint;
  readonly matcher: PodMatcher;
  /** The labels of all constraints with the same action: a node that lacks one does not count for any. */
  readonly keys: readonly string[];
}

function constraintsOf(
  pod: PodInfo,
  action: 'DoNotSchedule' | 'ScheduleAnyway',
  { defaults = [], siblingsOf }: TopologySpreadOptions,
): Constraint[] {
  const own = pod.pod.spec?.topologySpreadConstraints ?? [];
  if (own.length === 0 && defaults.length === 0) return [];
  const all = own.length > 0 ? own : defaults;
  const siblings = own.length > 0 ? undefined : siblingsOf?.(pod);
  const wanted = all.filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action);
  const keys = wanted.map(({ topologyKey }) => topologyKey);
  return wanted.flatMap((constraint) => {
    const matcher = own.length > 0 ? matcherFor(constraint, pod) : siblings;
    return matcher ? [{ constraint, matcher, keys }] : [];
  });
}

function preferenceOf(
  { constraint, matcher, keys }: Constraint,
  { pod, snapshot }: Cycle,
  labelled: readonly NodeInfo[],
): Preference {
  const { topologyKey, maxSkew } = constraint;
  if (topologyKey === HOSTNAME) {
    const weight = Math.log(labelled.length + 2);
    return { topologyKey, maxSkew, weight, counts: snapshot.matchCounts(matcher) };
  }
  const domains = new Set<string | undefined>();
  for (const node of labelled) domains.add(domainOf(node, topologyKey));
  const eligible = eligibleNodes(constraint, keys, pod);
  const { counts } = snapshot.domainCounts(matcher, { topologyKey, eligible });
  return { topologyKey, maxSkew, weight: Math.log(domains.size + 2), counts };
}

/** What the skew would be with the pod here; undefined where the label is missing. */
function skewOn(node: NodeInfo, { topologyKey, counts, least, self }: Spread): number | undefined {
  const domain = domainOf(node, topologyKey);
  return domain === undefined ? undefined : (counts.get(domain) ?? 0) + self - least;
}

/** Which nodes count as places to spread over: by default those that the pod's node affinity allows. */
function eligibleNodes(
  { nodeAffinityPolicy, nodeTaintsPolicy }: TopologySpreadConstraint,
  keys: readonly string[],
  pod: PodInfo,
): NodeTest {
  const { spec } = pod.pod;
  const byAffinity = nodeAffinityPolicy !== 'Ignore';
  const byTaints = nodeTaintsPolicy === 'Honor';
  return {
    key: JSON.stringify([
      keys,
      byAffinity && [spec?.nodeSelector, requiredTerms(spec)],
      byTaints && (spec?.tolerations ?? []),
    ]),
    test(node) {
      for (const key of keys) if (domainOf(node, key) === undefined) return false;
      if (byAffinity && !fitsNodeAffinity(pod, node)) return false;
      return !byTaints || node.traits.hardTaints.every((taint) => tolerates(spec?.tolerations, taint));
    },
  };
}

function matcherFor(
  { labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint,
  pod: PodInfo,
): PodMatcher {
  const selected = selectorFromLabelSelector(labelSelector);
  const same = matchLabelKeys.flatMap((key) => {
    const value = pod.labels[key];
    return value === undefined ? [] : [{ key, operator: 'In' as const, values: [value] }];
  });
  const alike = same.length > 0 ? selectorOf(same) : undefined;
  return {
    key: `spread ${JSON.stringify([labelSelector, same])}`,
    namespace: pod.namespace,
    matches: (other) =>
      !other.terminating && selected.matches(other.labels) && (alike?.matches(other.labels) ?? true),
  };
}
