import { type Selector, selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { LabelSelector } from '@wheelhouse/shared/meta/object';
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

export interface WeightedTerm {
  readonly term: AffinityTerm;
  /** Negative for anti-affinity. */
  readonly weight: number;
}

/** What a pod says about other pods. */
export interface PodTerms {
  readonly affinity: readonly AffinityTerm[];
  readonly antiAffinity: readonly AffinityTerm[];
  readonly preferred: readonly WeightedTerm[];
}

export const NO_TERMS: PodTerms = { affinity: [], antiAffinity: [], preferred: [] };

/** The names of the namespaces that a selector selects now. */
export type NamespacesMatching = (selector: Selector) => readonly string[];

export function podTerms({ metadata, spec }: Pod): PodTerms {
  const near = spec?.affinity?.podAffinity;
  const apart = spec?.affinity?.podAntiAffinity;
  if (!near && !apart) return NO_TERMS;
  const compile = (term: PodAffinityTerm) => compileTerm(term, metadata ?? {});
  const weighted = (sign: 1 | -1, terms: PodTermsOf = []) =>
    terms.map(({ podAffinityTerm, weight }) => ({ term: compile(podAffinityTerm), weight: sign * weight }));
  return {
    affinity: (near?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(compile),
    antiAffinity: (apart?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(compile),
    preferred: [
      ...weighted(1, near?.preferredDuringSchedulingIgnoredDuringExecution),
      ...weighted(-1, apart?.preferredDuringSchedulingIgnoredDuringExecution),
    ],
  };
}

type PodTermsOf = readonly { readonly weight: number; readonly podAffinityTerm: PodAffinityTerm }[];

interface Owner {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export function compileTerm(term: PodAffinityTerm, { namespace = '', labels = {} }: Owner): AffinityTerm {
  const { topologyKey, namespaceSelector, namespaces = [] } = term;
  const labelSelector = withLabelKeys(term, labels);
  const named = namespaces.length === 0 && !namespaceSelector ? [namespace] : namespaces;
  return {
    signature: JSON.stringify([topologyKey, labelSelector, namespaceSelector, named]),
    topologyKey,
    selector: selectorFromLabelSelector(labelSelector),
    namespaces: named,
    namespaceSelector: namespaceSelector && selectorFromLabelSelector(namespaceSelector),
  };
}

/** `matchLabelKeys` narrow the selector to pods with the same value as the owner's, `mismatchLabelKeys` to others. */
function withLabelKeys(
  { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] }: PodAffinityTerm,
  labels: Readonly<Record<string, string>>,
): LabelSelector | undefined {
  if (!labelSelector || (matchLabelKeys.length === 0 && mismatchLabelKeys.length === 0)) return labelSelector;
  const expressions = (keys: readonly string[], operator: 'In' | 'NotIn') =>
    keys.flatMap((key) => {
      const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
      return value === undefined ? [] : [{ key, operator, values: [value] }];
    });
  return {
    ...labelSelector,
    matchExpressions: [
      ...(labelSelector.matchExpressions ?? []),
      ...expressions(matchLabelKeys, 'In'),
      ...expressions(mismatchLabelKeys, 'NotIn'),
    ],
  };
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

/** Whether the term is about this pod. */
export function isAbout(term: AffinityTerm, pod: PodInfo, matching: NamespacesMatching): boolean {
  if (!term.selector.matches(pod.labels)) return false;
  if (term.namespaces.includes(pod.namespace)) return true;
  const { namespaceSelector } = term;
  return namespaceSelector
    ? namespaceSelector.isEmpty || matching(namespaceSelector).includes(pod.namespace)
    : false;
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
