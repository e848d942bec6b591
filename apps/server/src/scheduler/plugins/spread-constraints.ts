import { selectorFromLabelSelector, selectorOf } from '@wheelhouse/shared/meta/labels';
import type { TopologySpreadConstraint } from 'kubernetes-types/core/v1';
import { FieldReader } from '../config/field-reader';
import type { NodeTest } from '../snapshot/domain-count';
import type { PodMatcher } from '../snapshot/match-counts';
import { HOSTNAME_LABEL, ZONE_LABEL } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import { fitsNodeAffinity, requiredTerms } from './node-affinity';
import { tolerates } from './toleration';
import { domainOf } from './topology-domains';

/** What holds for pods without constraints of their own. */
export interface SpreadDefaults {
  readonly constraints: readonly TopologySpreadConstraint[];
  /** Nodes that lack a label of theirs are judged by the other ones; otherwise they come last. */
  readonly lenient: boolean;
}

/** Kubernetes' own: over nodes first, over zones where there are some. */
const SYSTEM_DEFAULTS: SpreadDefaults = {
  constraints: [
    { topologyKey: HOSTNAME_LABEL, maxSkew: 3, whenUnsatisfiable: 'ScheduleAnyway' },
    { topologyKey: ZONE_LABEL, maxSkew: 5, whenUnsatisfiable: 'ScheduleAnyway' },
  ],
  lenient: true,
};

/** PodTopologySpreadArgs: `defaultConstraints` with `defaultingType: List`, an empty list for none; else the system's. */
export function readTopologySpreadArgs(args: unknown): SpreadDefaults {
  const reader = new FieldReader(args, 'PodTopologySpread').only(
    'apiVersion',
    'kind',
    'defaultConstraints',
    'defaultingType',
  );
  const type = reader.field('defaultingType');
  const constraints = reader.field('defaultConstraints');
  if (!type.isSet || type.oneOf('System', 'List') === 'System') {
    if (constraints.list().length > 0) constraints.fail('only with defaultingType List');
    return SYSTEM_DEFAULTS;
  }
  return { constraints: constraints.list().map(readConstraint), lenient: false };
}

function readConstraint(reader: FieldReader): TopologySpreadConstraint {
  reader.only('maxSkew', 'topologyKey', 'whenUnsatisfiable');
  return {
    maxSkew: reader.field('maxSkew').number({ min: 1, max: 1_000_000 }),
    topologyKey: reader.field('topologyKey').text(),
    whenUnsatisfiable: reader.field('whenUnsatisfiable').oneOf('DoNotSchedule', 'ScheduleAnyway'),
  };
}

export interface SpreadConstraint {
  readonly constraint: TopologySpreadConstraint;
  readonly matcher: PodMatcher;
  /** The labels that a node must have to count: those of all constraints with the same action. */
  readonly keys: readonly string[];
}

export interface ConstraintSources {
  readonly defaults: SpreadDefaults;
  /** The pods of the same workload, which default constraints select. */
  siblingsOf(pod: PodInfo): PodMatcher | undefined;
}

/** The pod's constraints with the action; the default ones when it has none at all. */
export function constraintsOf(
  pod: PodInfo,
  action: 'DoNotSchedule' | 'ScheduleAnyway',
  { defaults, siblingsOf }: ConstraintSources,
): { readonly constraints: readonly SpreadConstraint[]; readonly lenient: boolean } {
  const own = pod.pod.spec?.topologySpreadConstraints ?? [];
  const isOwn = own.length > 0;
  const wanted = (isOwn ? own : defaults.constraints).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === action,
  );
  if (wanted.length === 0) return NONE;
  const siblings = isOwn ? undefined : siblingsOf(pod);
  const lenient = !isOwn && defaults.lenient;
  const keys = lenient ? [] : wanted.map(({ topologyKey }) => topologyKey);
  const constraints = wanted.flatMap((constraint) => {
    const matcher = isOwn ? matcherFor(constraint, pod) : siblings;
    return matcher ? [{ constraint, matcher, keys }] : [];
  });
  return { constraints, lenient };
}

const NONE = { constraints: [], lenient: false } as const;

/** Which nodes count as places to spread over: by default those that the pod's node affinity allows. */
export function eligibleNodes(
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
    // One that selects everything counts nothing: so it is in Kubernetes.
    matches: (other) =>
      !(selected.isEmpty && !alike) &&
      !other.terminating &&
      selected.matches(other.labels) &&
      (alike?.matches(other.labels) ?? true),
  };
}
