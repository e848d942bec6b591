import type { NodeAffinity, NodeSelectorTerm } from 'kubernetes-types/core/v1';
import { FieldReader } from '../config/field-reader';
import type { Plugin } from '../framework/plugin';
import { MAX_SCORE } from '../framework/plugin';
import { rejection, type Shortfall } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import { matchesAnyTerm, matchesTerm, namedNodes, unmetRequirements } from './node-requirements';

const MISMATCH = rejection("node(s) didn't match Pod's node affinity/selector", { unresolvable: true });
/** Said of nodes that were not looked at, because the pod names others. */
const NOT_NAMED = rejection("node(s) didn't satisfy plugin(s) [NodeAffinity]", { unresolvable: true });
const CONFLICT = rejection('pod affinity terms conflict', { unresolvable: true });
const ENFORCED = rejection("node(s) didn't match scheduler-enforced node affinity", { unresolvable: true });

/** NodeAffinityArgs: `addedAffinity`, checked as a pod's own would be used. */
export function readNodeAffinityArgs(args: unknown): NodeAffinity | undefined {
  const added = new FieldReader(args, 'NodeAffinity')
    .only('apiVersion', 'kind', 'addedAffinity')
    .field('addedAffinity');
  if (!added.isSet) return undefined;
  added.only(
    'requiredDuringSchedulingIgnoredDuringExecution',
    'preferredDuringSchedulingIgnoredDuringExecution',
  );
  const terms = added.field('requiredDuringSchedulingIgnoredDuringExecution').field('nodeSelectorTerms');
  for (const term of terms.list()) checkTerm(term);
  for (const one of added.field('preferredDuringSchedulingIgnoredDuringExecution').list()) {
    one.field('weight').number({ min: 1, max: 100 });
    checkTerm(one.field('preference'));
  }
  return added.raw() as NodeAffinity; // its shape was just checked
}

function checkTerm(term: FieldReader): void {
  term.only('matchExpressions', 'matchFields');
  for (const one of [...term.field('matchExpressions').list(), ...term.field('matchFields').list()]) {
    one.only('key', 'operator', 'values').field('key').text();
    one.field('operator').oneOf('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt');
    for (const value of one.field('values').list()) value.text();
  }
}

/**
 * Node selector and required node affinity decide; preferred node affinity scores.
 *
 * @param added affinity that every pod of the profile has besides its own
 */
export function nodeAffinity(added?: NodeAffinity): Plugin {
  const addedTerms = added?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const addedPreferred = added?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const preferredOf = ({ pod: { spec } }: PodInfo) => {
    const own = spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    return addedPreferred.length > 0 ? [...own, ...addedPreferred] : own;
  };
  return {
    name: 'NodeAffinity',
    scope: 'node',
    retryOn: ['node-added', 'node-changed'],

    preFilter({ pod }) {
      const spec = pod.pod.spec;
      const terms = requiredTerms(spec);
      if (!terms && !addedTerms && !hasEntries(spec?.nodeSelector)) return { kind: 'skip' };
      const names = terms?.length ? namedNodes(terms) : undefined;
      if (!names) return { kind: 'check' };
      if (names.size === 0) return { kind: 'reject', rejection: CONFLICT };
      return { kind: 'check', onlyNodes: { names, rejection: NOT_NAMED } };
    },

    filter({ pod }, node) {
      if (addedTerms && !matchesAnyTerm(node, addedTerms)) return ENFORCED;
      return fitsNodeAffinity(pod, node) ? undefined : MISMATCH;
    },

    shortfalls({ pod }, node) {
      const spec = pod.pod.spec;
      const { labels } = node.traits;
      const short: Shortfall[] = [];
      for (const [key, value] of Object.entries(spec?.nodeSelector ?? {})) {
        const actual = labels[key];
        if (actual === value) continue;
        short.push({
          kind: 'label',
          key,
          operator: 'In',
          wanted: [value],
          ...(actual === undefined ? {} : { actual }),
        });
      }
      const terms = requiredTerms(spec);
      if (terms && !matchesAnyTerm(node, terms)) {
        // Any one term is enough: speak of the one that lacks least.
        short.push(...closestTerm(node, terms));
      }
      if (addedTerms && !matchesAnyTerm(node, addedTerms)) short.push(...closestTerm(node, addedTerms));
      return short;
    },

    preScore({ pod }) {
      return preferredOf(pod).length > 0 ? { kind: 'score' } : { kind: 'skip' };
    },

    score({ pod }, node) {
      let sum = 0;
      for (const { weight, preference } of preferredOf(pod)) if (matchesTerm(node, preference)) sum += weight;
      return sum;
    },

    normalize(_cycle, _nodes, scores) {
      scaleToMax(scores);
    },
  };
}

function closestTerm(node: NodeInfo, terms: readonly NodeSelectorTerm[]): Shortfall[] {
  const [closest = []] = terms
    .map((term) => unmetRequirements(node, term))
    .sort((a, b) => a.length - b.length);
  return closest;
}

/** Whether the pod's node selector and required node affinity allow the node. */
export function fitsNodeAffinity({ pod: { spec } }: PodInfo, node: NodeInfo): boolean {
  const { labels } = node.traits;
  for (const key in spec?.nodeSelector) if (labels[key] !== spec.nodeSelector[key]) return false;
  const terms = requiredTerms(spec);
  return !terms || matchesAnyTerm(node, terms);
}

/** Scales so that the largest score becomes 100; leaves zeros alone. */
export function scaleToMax(scores: Float64Array): void {
  const most = scores.reduce((a, b) => Math.max(a, b), 0);
  if (most === 0) return;
  for (let i = 0; i < scores.length; i++) scores[i] = Math.floor(((scores[i] as number) * MAX_SCORE) / most);
}

type Spec = PodInfo['pod']['spec'];

/** The terms of required node affinity, of which one is enough. */
export function requiredTerms(spec: Spec) {
  return spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

function hasEntries(map: Readonly<Record<string, string>> | undefined): boolean {
  for (const _key in map) return true;
  return false;
}
