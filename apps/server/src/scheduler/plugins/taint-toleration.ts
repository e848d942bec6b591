import type { Taint } from 'kubernetes-types/core/v1';
import { MAX_SCORE, type Plugin } from '../framework/plugin';
import { type Rejection, rejection } from '../framework/rejection';
import { tolerates } from './toleration';

/** One rejection per distinct taint, so that refusals of many nodes can be counted by identity. */
const rejections = new Map<string, Rejection>();

function untolerated(taint: Taint): Rejection {
  const text = `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  let known = rejections.get(text);
  if (!known) {
    if (rejections.size > 10_000) rejections.clear();
    known = rejection(text, { unresolvable: true });
    rejections.set(text, known);
  }
  return known;
}

/** Keeps pods off nodes whose NoSchedule and NoExecute taints they do not tolerate; avoids PreferNoSchedule. */
export const taintToleration: Plugin = {
  name: 'TaintToleration',
  scope: 'node',
  retryOn: ['node-added', 'node-changed'],

  filter({ pod }, node) {
    const { hardTaints } = node.traits;
    if (hardTaints.length === 0) return undefined;
    const tolerations = pod.pod.spec?.tolerations;
    const taint = hardTaints.find((candidate) => !tolerates(tolerations, candidate));
    return taint && untolerated(taint);
  },

  shortfalls({ pod }, node) {
    const tolerations = pod.pod.spec?.tolerations;
    return node.traits.hardTaints
      .filter((taint) => !tolerates(tolerations, taint))
      .map(({ key, value, effect }) => ({ kind: 'taint', key, value: value ?? '', effect }));
  },

  preScore({ snapshot }) {
    return snapshot.softTaintedNodes === 0 ? { kind: 'skip' } : { kind: 'score' };
  },

  /** Counts what is not tolerated; normalize turns few into much. */
  score({ pod }, node) {
    const { softTaints } = node.traits;
    if (softTaints.length === 0) return 0;
    // Only tolerations for this effect (or for any) count here.
    const tolerations = pod.pod.spec?.tolerations?.filter(
      ({ effect }) => !effect || effect === 'PreferNoSchedule',
    );
    return softTaints.filter((taint) => !tolerates(tolerations, taint)).length;
  },

  normalize(_cycle, _nodes, scores) {
    const most = scores.reduce((a, b) => Math.max(a, b), 0);
    for (let i = 0; i < scores.length; i++) {
      const share = most === 0 ? 0 : Math.floor(((scores[i] as number) * MAX_SCORE) / most);
      scores[i] = MAX_SCORE - share;
    }
  },
};
