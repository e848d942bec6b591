import type { Node, NodeSelectorTerm, Pod, PodSpec } from 'kubernetes-types/core/v1';
import { fitsNodeAffinity } from '../../scheduler/plugins/node-affinity';
import { tolerates } from '../../scheduler/plugins/toleration';
import { NodeInfo, nodeTraits } from '../../scheduler/snapshot/node-info';
import { podInfo } from '../../scheduler/snapshot/pod-info';

export interface NodeVerdict {
  /** The node should have the pod. */
  readonly run: boolean;
  /** A pod that is there already may stay: of the taints only NoExecute drives it out. */
  readonly stay: boolean;
}

const NAME = 'metadata.name';

/** What the scheduler would say of a daemon pod on each node, leaving aside what other pods take there. */
export function judgeNodes(spec: PodSpec | undefined, nodes: readonly Node[]): Map<string, NodeVerdict> {
  // Resources do not matter here, so one description serves for all nodes.
  const pod = podInfo({ spec: { ...spec, containers: [] } });
  return new Map(
    nodes.map((node): [string, NodeVerdict] => {
      const name = node.metadata?.name ?? '';
      const traits = nodeTraits(node);
      const fits =
        (!spec?.nodeName || spec.nodeName === name) && fitsNodeAffinity(pod, new NodeInfo(traits, 0));
      if (!fits) return [name, { run: false, stay: false }];
      const refused = traits.hardTaints.filter((taint) => !tolerates(spec?.tolerations, taint));
      const stay = refused.every(({ effect }) => effect !== 'NoExecute');
      return [name, { run: refused.length === 0, stay }];
    }),
  );
}

/** Pins a pod to a node in the way in which the scheduler binds it, whatever else it asked for. */
export function pinnedTo(spec: PodSpec, node: string): PodSpec {
  const term: NodeSelectorTerm = { matchFields: [{ key: NAME, operator: 'In', values: [node] }] };
  return {
    ...spec,
    affinity: {
      ...spec.affinity,
      nodeAffinity: {
        ...spec.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
      },
    },
  };
}

/** The node that a daemon pod runs on or is pinned to. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec?.nodeName) return pod.spec.nodeName;
  const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  for (const { matchFields = [] } of required?.nodeSelectorTerms ?? []) {
    const field = matchFields.find(({ key, operator }) => key === NAME && operator === 'In');
    if (field?.values?.length === 1) return field.values[0];
  }
  return undefined;
}
