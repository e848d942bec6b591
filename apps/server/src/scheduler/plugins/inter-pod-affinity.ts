import { type Cycle, MAX_SCORE, type Plugin } from '../framework/plugin';
import { rejection, type Shortfall } from '../framework/rejection';
import {
  type AffinityTerm,
  compileTerm,
  matcherOf,
  type NamespacesMatching,
  namespacesOf,
} from '../snapshot/affinity-term';
import type { PodMatcher } from '../snapshot/match-counts';
import type { NodeInfo } from '../snapshot/node-info';
import { countDomains, domainOf } from './topology-domains';

const NOT_NEAR = rejection("node(s) didn't match pod affinity rules", { unresolvable: true });
const TOO_NEAR = rejection("node(s) didn't match pod anti-affinity rules");
const KEPT_AWAY = rejection("node(s) didn't satisfy existing pods anti-affinity rules");

/** Finds the nodes with pods that keep others away without looking at the rest. */
const KEEPS_AWAY: PodMatcher = {
  key: 'required anti-affinity',
  namespace: undefined,
  matches: (pod) => pod.antiAffinity.length > 0,
};

type Domains = ReadonlyMap<string, ReadonlySet<string>>;

interface State {
  /** Own affinity: the keys a node must have and, per key, the domains where matching pods run. */
  readonly near:
    | { readonly keys: readonly string[]; readonly domains: Domains; readonly first: boolean }
    | undefined;
  /** Own anti-affinity: domains to stay out of. */
  readonly avoid: Domains;
  /** Domains that pods already there keep this one out of. */
  readonly forbidden: Domains;
}

/**
 * Near to or away from other pods. Required terms filter, in both directions: those of the pod, and the
 * anti-affinity of pods that run. Preferred terms of the pod score.
 */
export function interPodAffinity(matching: NamespacesMatching): Plugin {
  return {
    name: 'InterPodAffinity',
    scope: 'cluster',
    retryOn: ['node-added', 'node-changed', 'pod-removed', 'pod-placed'],

    preFilter(cycle) {
      const near = nearDomains(cycle, matching);
      const avoid = avoidDomains(cycle, matching);
      const forbidden = forbiddenDomains(cycle, matching);
      if (!near && avoid.size === 0 && forbidden.size === 0) return { kind: 'skip' };
      return { kind: 'check', state: { near, avoid, forbidden } satisfies State };
    },

    filter(_cycle, node, state) {
      const { near, avoid, forbidden } = state as State; // made by preFilter above
      if (near && unmetKey(near, node) !== undefined) return NOT_NEAR;
      if (domainIn(avoid, node) !== undefined) return TOO_NEAR;
      return domainIn(forbidden, node) === undefined ? undefined : KEPT_AWAY;
    },

    shortfalls(_cycle, node, state) {
      const { near, avoid, forbidden } = state as State; // made by preFilter above
      const found = [
        ['affinity', near && unmetKey(near, node)],
        ['anti-affinity', domainIn(avoid, node)],
        ['existing-anti-affinity', domainIn(forbidden, node)],
      ] as const;
      return found.flatMap(([term, topologyKey]): Shortfall[] =>
        topologyKey === undefined ? [] : [{ kind: 'affinity', term, topologyKey }],
      );
    },

    preScore({ pod, snapshot }) {
      const affinity = pod.pod.spec?.affinity;
      const preferred = [
        ...(affinity?.podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => ({
          ...one,
          sign: 1,
        })),
        ...(affinity?.podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((one) => ({
          ...one,
          sign: -1,
        })),
      ];
      if (preferred.length === 0) return { kind: 'skip' };
      const weighted = preferred.map(({ weight, sign, podAffinityTerm }) => {
        const term = compileTerm(podAffinityTerm, pod.namespace);
        const perNode = snapshot.matchCounts(matcherOf([term], matching));
        const { topologyKey } = term;
        return { topologyKey, weight: weight * sign, domains: countDomains(snapshot, perNode, topologyKey) };
      });
      return { kind: 'score', state: weighted };
    },

    score(_cycle, node, state) {
      let sum = 0;
      for (const { topologyKey, weight, domains } of state as Weighted[]) {
        const domain = domainOf(node, topologyKey);
        if (domain !== undefined) sum += weight * (domains.get(domain) ?? 0);
      }
      return sum;
    },

    normalize(_cycle, _nodes, scores) {
      const least = scores.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
      const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      for (let i = 0; i < scores.length; i++) {
        scores[i] =
          most === least ? 0 : Math.floor((MAX_SCORE * ((scores[i] as number) - least)) / (most - least));
      }
    },
  };
}

interface Weighted {
  readonly topologyKey: string;
  readonly weight: number;
  readonly domains: ReadonlyMap<string, number>;
}

function nearDomains({ pod, snapshot }: Cycle, matching: NamespacesMatching): State['near'] {
  const required = pod.pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!required?.length) return undefined;
  const terms = required.map((term) => compileTerm(term, pod.namespace));
  const matcher = matcherOf(terms, matching);
  const perNode = snapshot.matchCounts(matcher);
  const keys = [...new Set(terms.map(({ topologyKey }) => topologyKey))];
  const domains = new Map(keys.map((key) => [key, new Set(countDomains(snapshot, perNode, key).keys())]));
  // The first of a group that wants to be near itself has to start somewhere.
  const first = perNode.size === 0 && matcher.matches(pod);
  return { keys, domains, first };
}

function avoidDomains({ pod, snapshot }: Cycle, matching: NamespacesMatching): Domains {
  const avoid = new Map<string, Set<string>>();
  for (const term of pod.antiAffinity) {
    const perNode = snapshot.matchCounts(matcherOf([term], matching));
    for (const domain of countDomains(snapshot, perNode, term.topologyKey).keys()) {
      addTo(avoid, term.topologyKey, domain);
    }
  }
  return avoid;
}

function forbiddenDomains({ pod, snapshot }: Cycle, matching: NamespacesMatching): Domains {
  const forbidden = new Map<string, Set<string>>();
  const verdicts = new Map<string, boolean>();
  const isAbout = (term: AffinityTerm) => {
    let known = verdicts.get(term.signature);
    if (known === undefined) {
      const names = namespacesOf(term, matching);
      known = (names?.has(pod.namespace) ?? true) && term.selector.matches(pod.labels);
      verdicts.set(term.signature, known);
    }
    return known;
  };
  for (const name of snapshot.matchCounts(KEEPS_AWAY).keys()) {
    const node = snapshot.node(name);
    for (const other of node?.keepingAway?.values() ?? []) {
      for (const term of other.antiAffinity) {
        const domain = node && isAbout(term) ? domainOf(node, term.topologyKey) : undefined;
        if (domain !== undefined) addTo(forbidden, term.topologyKey, domain);
      }
    }
  }
  return forbidden;
}

function addTo(domains: Map<string, Set<string>>, key: string, domain: string): void {
  const known = domains.get(key);
  if (known) known.add(domain);
  else domains.set(key, new Set([domain]));
}

/** The first key whose domain on this node is one of these. */
function domainIn(domains: Domains, node: NodeInfo): string | undefined {
  for (const [key, values] of domains) {
    const domain = domainOf(node, key);
    if (domain !== undefined && values.has(domain)) return key;
  }
  return undefined;
}

function unmetKey({ keys, domains, first }: NonNullable<State['near']>, node: NodeInfo): string | undefined {
  return keys.find((key) => {
    const domain = domainOf(node, key);
    return domain === undefined || !(first || domains.get(key)?.has(domain));
  });
}
