import type { Plugin } from '../framework/plugin';
import { rejection } from '../framework/rejection';

const MISMATCH = rejection("node(s) didn't match the requested node name", { unresolvable: true });

/** A pod that names its node goes there or nowhere. Such pods usually never reach a scheduler; previews ask too. */
export const nodeName: Plugin = {
  name: 'NodeName',
  scope: 'node',
  retryOn: ['node-added'],

  preFilter({ pod }) {
    const wanted = pod.pod.spec?.nodeName;
    if (!wanted) return { kind: 'skip' };
    return { kind: 'check', onlyNodes: { names: new Set([wanted]), rejection: MISMATCH } };
  },

  filter({ pod }, node) {
    return pod.pod.spec?.nodeName === node.name ? undefined : MISMATCH;
  },

  shortfalls({ pod }) {
    return [{ kind: 'node-name', wanted: pod.pod.spec?.nodeName ?? '' }];
  },
};
