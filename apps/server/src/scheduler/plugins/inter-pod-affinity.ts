import { type Cycle, MAX_SCORE, type Plugin } from '../framework/plugin';
import { rejection, type Shortfall } from '../framework/rejection';
import { isAbout, matcherOf, type NamespacesMatching } from '../snapshot/affinity-term';
import type { NodeInfo } from '../snapshot/node-info';
import { eventPod } from './event-pod';
import { domainOf } from './topology-domains';

const NOT_NEAR = rejection("node(s) didn't match pod affinity rules", { unresolvable: true });
const TOO_NEAR = rejection("node(s) didn't match pod anti-affinity rules");
const KEPT_AWAY = rejection("node(s) didn't satisfy existing pods anti-affinity rules");

/** Pods per domain of one label; only domains that have some. Live views of the snapshot's own counts. */
interface Domains {
  readonly topologyKey: string;
  readonly counts: ReadonlyMap<string, number>;
}

interface State {
  /** Own affinity: per term the domains where matching pods run. */
  readonly near: { readonly terms: readonly Domains[]; readonly first: boolean } | undefined;
  /** Own anti-affinity: domains to stay out of. */
  readonly avoid: readonly Domains[];
  /** Domains that pods already there keep this one out of. */
  readonly forbidden: readonly Domains[];
}

export interface InterPodAffinityArgs {
  /** What the required affinity of a pod that runs adds to nodes near it, for pods that it wants near. Default 1. */
  readonly hardPodAffinityWeight?: number;
  /** Scores nothing for pods without preferences of their own, whatever pods that run want of them. */
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

/**
 * Near to or away from other pods, in both directions: required terms of the pod and the anti-affinity of pods that
 * run filter; preferred terms of either side, and the required affinity of pods that run, score. All of it from
 * counts that the snapshot keeps per distinct term, whatever the number of pods.
 */
export function interPodAffinity(matching: NamespacesMatching, args: InterPodAffinityArgs = {}): Plugin {
  const { hardPodAffinityWeight = 1, ignorePreferredTermsOfExistingPods = false } = args;
  return {
    name: 'InterPodAffinity',
    scope: 'cluster',
    isQuick: true,
    retryOn: ['node-added', 'node-changed', 'pod-removed', 'pod-placed'],

    preFilter(cycle) {
      const near = nearDomains(cycle, matching);
      const avoid = cycle.pod.terms.antiAffinity.map((term) => domainsOf(cycle, [term], matching));
      const forbidden = forbiddenDomains(cycle, matching);
      if (!near && avoid.length === 0 && forbidden.length === 0) return { kind: 'skip' };
      return { kind: 'check', state: { near, avoid, forbidden } satisfies State };
    },

    filter(_cycle, node, state) {
      const { near, avoid, forbidden } = state as State; // made by preFilter above
      if (near && unmetKey(near, node) !== undefined) return NOT_NEAR;
      if (keyIn(avoid, node) !== undefined) return TOO_NEAR;
      return keyIn(forbidden, node) === undefined ? undefined : KEPT_AWAY;
    },

    /** A pod that comes helps those that want it near; one that goes, those that it was too near to. */
    hint(event, pod) {
      const other = eventPod(event);
      if (!other) return 'queue';
      const concerns =
        event.kind === 'pod-placed'
          ? pod.terms.affinity.some((term) => isAbout(term, other, matching))
          : pod.terms.antiAffinity.some((term) => isAbout(term, other, matching)) ||
            other.terms.antiAffinity.some((term) => isAbout(term, pod, matching));
      return concerns ? 'queue' : 'skip';
    },

    shortfalls(_cycle, node, state) {
      const { near, avoid, forbidden } = state as State; // made by preFilter above
      const found = [
        ['affinity', near && unmetKey(near, node)],
        ['anti-affinity', keyIn(avoid, node)],
        ['existing-anti-affinity', keyIn(forbidden, node)],
      ] as const;
      return found.flatMap(([term, topologyKey]): Shortfall[] =>
        topologyKey === undefined ? [] : [{ kind: 'affinity', term, topologyKey }],
      );
    },

    preScore(cycle) {
      const { pod, snapshot } = cycle;
      const { preferred } = pod.terms;
      if (ignorePreferredTermsOfExistingPods && preferred.length === 0) return { kind: 'skip' };
      const weighted: Weighted[] = preferred.map(({ term, weight }) => ({
        ...domainsOf(cycle, [term], matching),
        weight,
      }));
      for (const { term, role, weight, domains } of snapshot.termsAbout(pod.namespace)) {
        const counts = role === 'near' ? hardPodAffinityWeight : role === 'preferred' ? weight : 0;
        if (counts === 0 || !isAbout(term, pod, matching)) continue;
        weighted.push({ topologyKey: term.topologyKey, counts: domains, weight: counts });
      }
      const telling = weighted.filter(({ counts }) => counts.size > 0);
      return telling.length === 0 ? { kind: 'skip' } : { kind: 'score', state: telling };
    },

    score(_cycle, node, state) {
      let sum = 0;
      // Made by preScore above.
      for (const { topologyKey, weight, counts } of state as readonly Weighted[]) {
        const domain = domainOf(node, topologyKey);
        if (domain !== undefined) sum += weight * (counts.get(domain) ?? 0);
      }
      return sum;
    },

    normalize(_cycle, _nodes, scores) {
      let least = Number.POSITIVE_INFINITY;
      let most = Number.NEGATIVE_INFINITY;
      for (const score of scores) {
        if (score < least) least = score;
        if (score > most) most = score;
      }
      for (let i = 0; i < scores.length; i++) {
        scores[i] =
          most === least ? 0 : Math.floor((MAX_SCORE * ((scores[i] as number) - least)) / (most - least));
      }
    },
  };
}

interface Weighted extends Domains {
  readonly weight: number;
}

function nearDomains(cycle: Cycle, matching: NamespacesMatching): State['near'] {
  const { affinity } = cycle.pod.terms;
  if (affinity.length === 0) return undefined;
  // A pod that is to be near must match every term; each term looks for it by its own label.
  const matcher = matcherOf(affinity, matching);
  const keys = [...new Set(affinity.map(({ topologyKey }) => topologyKey))];
  const terms = keys.map((topologyKey) => ({
    topologyKey,
    counts: cycle.snapshot.domainCounts(matcher, { topologyKey }).counts,
  }));
  // The first of a group that wants to be near itself has to start somewhere.
  const first = terms.every(({ counts }) => counts.size === 0) && matcher.matches(cycle.pod);
  return { terms, first };
}

function domainsOf(
  { snapshot }: Cycle,
  terms: Parameters<typeof matcherOf>[0],
  matching: NamespacesMatching,
): Domains {
  const topologyKey = terms[0]?.topologyKey ?? '';
  const { counts } = snapshot.domainCounts(matcherOf(terms, matching), { topologyKey });
  return { topologyKey, counts };
}

function forbiddenDomains({ pod, snapshot }: Cycle, matching: NamespacesMatching): Domains[] {
  const forbidden: Domains[] = [];
  for (const { term, role, domains } of snapshot.termsAbout(pod.namespace)) {
    if (role !== 'required' || !isAbout(term, pod, matching)) continue;
    forbidden.push({ topologyKey: term.topologyKey, counts: domains });
  }
  return forbidden;
}

/** The first label whose value on this node is one of those with pods. */
function keyIn(all: readonly Domains[], node: NodeInfo): string | undefined {
  for (const { topologyKey, counts } of all) {
    const domain = domainOf(node, topologyKey);
    if (domain !== undefined && counts.has(domain)) return topologyKey;
  }
  return undefined;
}

function unmetKey({ terms, first }: NonNullable<State['near']>, node: NodeInfo): string | undefined {
  for (const { topologyKey, counts } of terms) {
    const domain = domainOf(node, topologyKey);
    if (domain === undefined || !(first || counts.has(domain))) return topologyKey;
  }
  return undefined;
}
