import type { Pod } from 'kubernetes-types/core/v1';
import type { AdmissionAttributes } from './admission';

/** The pod that is written as a whole (created or replaced, not its status or another subresource). */
export interface WrittenPod {
  readonly pod: Pod;
  /** What it replaces; undefined when it is created. */
  readonly previous: Pod | undefined;
}

/** Undefined for every request that writes no whole pod. */
export function writtenPod(attributes: AdmissionAttributes): WrittenPod | undefined {
  const { operation, kind, subresource, object, oldObject } = attributes;
  if (!isPods(kind) || subresource !== undefined || !object) return undefined;
  // Objects of the pods resource are pods.
  if (operation === 'create') return { pod: object as Pod, previous: undefined };
  return operation === 'update' ? { pod: object as Pod, previous: oldObject as Pod | undefined } : undefined;
}

export function isPods(kind: { readonly group: string; readonly plural: string }): boolean {
  return kind.group === '' && kind.plural === 'pods';
}
