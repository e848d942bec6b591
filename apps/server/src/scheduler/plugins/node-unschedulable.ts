import type { Plugin } from '../framework/plugin';
import { rejection } from '../framework/rejection';
import { tolerates } from './toleration';

const UNSCHEDULABLE = rejection('node(s) were unschedulable', { unresolvable: true });
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** Keeps pods off cordoned nodes, unless they tolerate the taint that stands for it. */
export const nodeUnschedulable: Plugin = {
  name: 'NodeUnschedulable',
  scope: 'node',
  retryOn: ['node-added', 'node-changed'],

  filter({ pod }, node) {
    if (!node.traits.unschedulable) return undefined;
    return tolerates(pod.pod.spec?.tolerations, TAINT) ? undefined : UNSCHEDULABLE;
  },

  shortfalls() {
    return [{ kind: 'unschedulable' }];
  },
};
