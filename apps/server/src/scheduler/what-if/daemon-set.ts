import type {
  PlacementPreviewStatus,
  PreviewPlacement,
} from '@wheelhouse/shared/scheduling/placement-preview';
import type { NodeAffinity, NodeSelectorTerm, Pod } from 'kubernetes-types/core/v1';
import { refusalOn } from '../core/refusal-on';
import type { Moment } from '../core/scheduler-core';
import type { Framework } from '../framework/framework';
import { type PodInfo, podInfo } from '../snapshot/pod-info';
import { limitSentence, tally } from './limits';
import { Play } from './play';
import { evictionsOf } from './preview';

export interface DaemonSetInput {
  /** A fork: the preview changes it. */
  readonly moment: Moment;
  readonly framework: Framework;
  /** The pod with which the controller would serve a node, without the node. */
  readonly copy: Pod;
  readonly existing: readonly Pod[];
}

/** What keeps the controller from wanting a pod on a node at all, rather than the pod from fitting there. */
const NODE_RULES = new Set(['NodeAffinity', 'TaintToleration', 'NodeUnschedulable', 'NodeName']);

/** Where the pods of a daemon set would go: one on each node that its selector and tolerations allow. */
export function* daemonSetSteps(input: DaemonSetInput): Generator<void, PlacementPreviewStatus, void> {
  const { moment, framework, copy, existing } = input;
  const { snapshot } = moment;
  const play = new Play(moment);
  const served = new Set(existing.flatMap(nodeOfDaemonPod));
  const placements: PreviewPlacement[] = [];
  const refused: string[] = [];
  for (const { name } of [...snapshot.nodes]) {
    if (served.has(name)) continue;
    const ordinal = existing.length + placements.length + refused.length;
    const pod = podInfo(onlyOn(copy, name, `preview-${ordinal}`));
    const cycle = { pod, snapshot };
    const prepared = framework.prepare(cycle);
    const node = snapshot.node(name);
    if (prepared.kind === 'reject' || !node) continue;
    const refusal = refusalOn(
      { framework, cycle, filters: prepared.filters, ...nominationsOf(moment) },
      node,
    );
    if (!refusal) {
      snapshot.addPod(pod, name);
      placements.push({ ordinal, node: name });
    } else if (!NODE_RULES.has(refusal.filter.plugin.name)) {
      if (makesRoom(play, framework, pod)) placements.push({ ordinal, node: name });
      else refused.push(refusal.rejection.reasons.join(', '));
    }
    yield;
  }
  const replicas = existing.length + placements.length;
  const limits = tally(refused);
  return {
    currentReplicas: existing.length,
    placements,
    removals: [],
    evictions: evictionsOf(play),
    unplaced: refused.length,
    maximum: {
      replicas,
      exact: true,
      reason:
        limits.length > 0 ? limitSentence(limits, snapshot.nodes.length) : 'one on every node that it is for',
      limits,
    },
    perNode: [
      ...[...served].map((node) => ({ node, current: 1, preview: 1 })),
      ...placements.map(({ node }) => ({ node, current: 0, preview: 1 })),
    ],
  };
}

/** Whether the pod gets its place once less important ones have left. */
function makesRoom(play: Play, framework: Framework, pod: PodInfo): boolean {
  return (
    play.attempt(framework, pod).kind === 'waiting' &&
    play.settle() &&
    play.attempt(framework, pod).kind === 'placed'
  );
}

function nominationsOf({ options: { nominations } }: Moment) {
  return nominations ? { nominations } : {};
}

/** A daemon pod names its node by affinity until it is bound. */
function nodeOfDaemonPod({ spec }: Pod): string[] {
  if (spec?.nodeName) return [spec.nodeName];
  const terms =
    spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return (terms ?? []).flatMap(({ matchFields }) => matchFields?.flatMap(({ values }) => values ?? []) ?? []);
}

function onlyOn(copy: Pod, node: string, uid: string): Pod {
  const spec = copy.spec ?? { containers: [] };
  const affinity: NodeAffinity = spec.affinity?.nodeAffinity ?? {};
  const own = affinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [{}];
  const here = { key: 'metadata.name', operator: 'In', values: [node] };
  const terms: NodeSelectorTerm[] = own.map((term) => ({
    ...term,
    matchFields: [...(term.matchFields ?? []), here],
  }));
  return {
    ...copy,
    metadata: { ...copy.metadata, uid },
    spec: {
      ...spec,
      affinity: {
        ...spec.affinity,
        nodeAffinity: {
          ...affinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
        },
      },
    },
  };
}
