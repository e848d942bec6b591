import type { Plugin } from '../framework/plugin';
import { MAX_SCORE } from '../framework/plugin';
import { rejection, type Shortfall } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import { matchesAnyTerm, matchesTerm, namedNodes, unmetRequirements } from './node-requirements';

const MISMATCH = rejection("node(s) didn't match Pod's node affinity/selector", { unresolvable: true });

/** Node selector and required node affinity decide; preferred node affinity scores. */
export const nodeAffinity: Plugin = {
  name: 'NodeAffinity',
  scope: 'node',
  retryOn: ['node-added', 'node-changed'],

  preFilter({ pod }) {
    const spec = pod.pod.spec;
    const terms = requiredTerms(spec);
    if (!terms && !hasEntries(spec?.nodeSelector)) return { kind: 'skip' };
    const names = terms?.length ? namedNodes(terms) : undefined;
    return names ? { kind: 'check', onlyNodes: { names, rejection: MISMATCH } } : { kind: 'check' };
  },

  filter({ pod }, node) {
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
      const [closest = []] = terms
        .map((term) => unmetRequirements(node, term))
        .sort((a, b) => a.length - b.length);
      short.push(...closest);
    }
    return short;
  },

  preScore({ pod }) {
    const preferred = pod.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    return preferred?.length ? { kind: 'score' } : { kind: 'skip' };
  },

  score({ pod }, node) {
    let sum = 0;
    const preferred = pod.pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution;
    for (const { weight, preference } of preferred ?? []) if (matchesTerm(node, preference)) sum += weight;
    return sum;
  },

  normalize(_cycle, _nodes, scores) {
    scaleToMax(scores);
  },
};

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

function requiredTerms(spec: Spec) {
  return spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

function hasEntries(map: Readonly<Record<string, string>> | undefined): boolean {
  for (const _key in map) return true;
  return false;
}
