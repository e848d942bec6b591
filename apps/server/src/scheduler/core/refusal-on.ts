import { type ActiveFilter, type Framework, firstRefusal } from '../framework/framework';
import type { Nominations } from '../framework/nominations';
import type { Cycle } from '../framework/plugin';
import type { Rejection } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { Snapshot } from '../snapshot/snapshot';

/** What the filters of one cycle work on. */
export interface FilterPass {
  readonly framework: Framework;
  readonly cycle: Cycle & { readonly snapshot: Snapshot };
  readonly filters: readonly ActiveFilter[];
  readonly nominations?: Nominations | undefined;
}

export interface Refused {
  readonly filter: Pick<ActiveFilter, 'plugin' | 'state'>;
  readonly rejection: Rejection;
}

/**
 * Why the node will not do, or undefined when it will. Where places are kept for other pods that stand above this
 * one, the node has to do both with them (they will take room) and without (they are not there yet, so nothing may
 * rely on them). The snapshot is as before afterwards.
 */
export function refusalOn(pass: FilterPass, node: NodeInfo): Refused | undefined {
  const { cycle, filters, nominations } = pass;
  if (!nominations?.size) return firstRefusal(cycle, node, filters);
  const ahead = nominations.ahead(node.name, cycle.pod).filter(({ uid }) => !node.pods.has(uid));
  if (ahead.length === 0) return firstRefusal(cycle, node, filters);
  return refusalBeside(pass, node, ahead) ?? firstRefusal(cycle, node, filters);
}

function refusalBeside(
  { framework, cycle }: FilterPass,
  node: NodeInfo,
  ahead: ReturnType<Nominations['ahead']>,
): Refused | undefined {
  const { snapshot } = cycle;
  for (const pod of ahead) snapshot.addPod(pod, node.name);
  try {
    return preparedRefusal(framework, cycle, snapshot.node(node.name) ?? node);
  } finally {
    for (const pod of ahead) snapshot.removePod(pod.uid, node.name);
  }
}

/** The first refusal by filters prepared afresh: for a snapshot that was just changed. */
export function preparedRefusal(framework: Framework, cycle: Cycle, node: NodeInfo): Refused | undefined {
  const prepared = framework.prepare(cycle);
  if (prepared.kind === 'reject') return { filter: stranger(prepared.by), rejection: prepared.rejection };
  const { onlyNodes, filters } = prepared;
  if (onlyNodes && !onlyNodes.names.has(node.name)) {
    return { filter: stranger(onlyNodes.by), rejection: onlyNodes.rejection };
  }
  return firstRefusal(cycle, node, filters);
}

/** Stands for a plugin that refused before its filter came to speak. */
function stranger(name: string): Refused['filter'] {
  return { plugin: { name, scope: 'cluster', retryOn: [], filter: () => undefined }, state: undefined };
}
