import type { Node } from 'kubernetes-types/core/v1';
import type { AdmissionPlugin } from './admission';

const NOT_READY = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' } as const;

/**
 * A new node takes no pods until its agent has said that it is ready and the node lifecycle controller has seen that;
 * otherwise pods would be put on it in between.
 */
export const taintNodesByCondition: AdmissionPlugin = {
  name: 'TaintNodesByCondition',
  admit({ operation, kind, subresource, object }) {
    if (operation !== 'create' || kind.group !== '' || kind.plural !== 'nodes') return;
    if (subresource !== undefined || !object) return;
    // Objects of the nodes resource are nodes.
    const node = object as Node;
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    if (taints.some(({ key, effect }) => key === NOT_READY.key && effect === NOT_READY.effect)) return;
    node.spec.taints = [...taints, { ...NOT_READY }];
  },
};
