import { type Selector, selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { Pod, PodAffinityTerm } from 'kubernetes-types/core/v1';
import type { PodMatcher } from './match-counts';
import type { PodInfo } from './pod-info';

/** A rule about being near, or not near, certain pods. Immutable. */
export interface AffinityTerm {
  /** Equal signatures mean equal terms. */
  readonly signature: string;
  readonly topologyKey: string;
  readonly selector: Selector;
  readonly namespaces: readonly string[];
  /** Namespaces by their labels, in addition. */
  readonly namespaceSelector: Selector | undefined;
}

/** The names of the namespaces that a selector selects now. */
export type NamespacesMatching = (selector: Selector) => readonly string[];

export function compileTerm(term: PodAffinityTerm, ownNamespace: string): AffinityTerm {
  const { topologyKey, labelSelector, namespaceSelector, namespaces = [] } = term;
  const named = namespaces.length === 0 && !namespaceSelector ? [ownNamespace] : namespaces;
  return {
    signature: JSON.stringify([topologyKey, labelSelector, namespaceSelector, named]),
    topologyKey,
    selector: selectorFromLabelSelector(labelSelector),
    namespaces: named,
    namespaceSelector: namespaceSelector && selectorFromLabelSelector(namespaceSelector),
  };
}

/** The terms that keep other pods away from where this one runs. */
export function requiredAntiAffinity(pod: Pod): readonly AffinityTerm[] {
  const terms = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (terms ?? []).map((term) => compileTerm(term, pod.metadata?.namespace ?? ''));
}

/** Undefined: all namespaces. */
export function namespacesOf(
  term: AffinityTerm,
  matching: NamespacesMatching,
): ReadonlySet<string> | undefined {
  const { namespaces, namespaceSelector } = term;
  if (namespaceSelector?.isEmpty) return undefined;
  return new Set([...namespaces, ...(namespaceSelector ? matching(namespaceSelector) : [])]);
}

/** Pods that all of the terms are about. */
export function matcherOf(terms: readonly AffinityTerm[], matching: NamespacesMatching): PodMatcher {
  const resolved = terms.map((term) => ({ selector: term.selector, names: namespacesOf(term, matching) }));
  const matches = (pod: PodInfo) =>
    resolved.every(
      ({ selector, names }) => (names?.has(pod.namespace) ?? true) && selector.matches(pod.labels),
    );
  const [first] = resolved;
  const [only] = first?.names?.size === 1 ? first.names : [];
  const scope = resolved.map(({ names }) => (names ? [...names].sort() : '*'));
  return {
    key: `affinity ${terms.map(({ signature }) => signature).join()} ${JSON.stringify(scope)}`,
    namespace: only,
    matches,
  };
}
