import type {
  NodeExplanation,
  SchedulingExplanationStatus,
} from '@wheelhouse/shared/scheduling/scheduling-explanation';
import type { Pod } from 'kubernetes-types/core/v1';
import { decide } from '../core/decide';
import type { Moment } from '../core/scheduler-core';
import { type NodeScore, scoreNodes, scoresAt } from '../core/score';
import { verdictText } from '../core/verdict-text';
import { allRefusals, type Framework } from '../framework/framework';
import type { Cycle } from '../framework/plugin';
import { isGated } from '../plugins/scheduling-gates';
import type { NodeInfo } from '../snapshot/node-info';
import { isFinished, podInfo } from '../snapshot/pod-info';
import { changeText, distance, shortText } from './change-words';

export interface ExplainInput {
  readonly pod: Pod;
  /** A fork: it may be changed. */
  readonly moment: Moment;
  /** Undefined for pods of other schedulers. */
  readonly framework: Framework | undefined;
  /** The scores that decided, if they are still known. */
  readonly decided: readonly NodeScore[] | undefined;
}

const MAX_NODES = 100;

/** Says why a pod waits, node by node and with the least change that would help, or why it is where it is. */
export function explain({ pod, moment, framework, decided }: ExplainInput): SchedulingExplanationStatus {
  const name = pod.metadata?.name ?? '';
  const nothing = { nodes: [], nodesOmitted: 0 };
  const node = pod.spec?.nodeName;
  if (isFinished(pod)) {
    return { state: 'Finished', summary: `${name} ran to its end.`, ...nothing, ...(node ? { node } : {}) };
  }
  if (node) return explainPlaced(pod, node, { moment, framework, decided });
  if (!framework) {
    const other = pod.spec?.schedulerName ?? '';
    return {
      state: 'Foreign',
      summary: `${name} waits for the scheduler ${other}, not for this one.`,
      ...nothing,
    };
  }
  if (isGated(pod)) {
    const gates = (pod.spec?.schedulingGates ?? []).map((gate) => gate.name).join(', ');
    return { state: 'Gated', summary: `${name} is held back by its scheduling gates: ${gates}.`, ...nothing };
  }
  return explainWaiting(pod, moment, framework);
}

function explainWaiting(pod: Pod, moment: Moment, framework: Framework): SchedulingExplanationStatus {
  const name = pod.metadata?.name ?? '';
  const cycle: Cycle = { pod: podInfo(pod), snapshot: moment.snapshot };
  const answers = examine(cycle, framework).sort((a, b) => a.distance - b.distance);
  const explained = {
    state: 'Waiting' as const,
    nodes: answers.slice(0, MAX_NODES).map(({ explanation }) => explanation),
    nodesOmitted: Math.max(0, answers.length - MAX_NODES),
  };
  const decision = decide(framework, moment.snapshot, cycle.pod, moment.cursor, moment.options);
  if (decision.kind === 'placed') {
    return { ...explained, summary: `${name} is about to be placed: ${decision.node} has room for it.` };
  }
  const message = verdictText(decision.verdict);
  const closest = answers[0];
  if (!closest?.explanation.change) {
    return { ...explained, message, summary: `${name} is waiting for a node: ${message}` };
  }
  const { node, change } = closest.explanation;
  const shortfalls = closest.explanation.refusals.flatMap((refusal) => refusal.shortfalls);
  return {
    ...explained,
    message,
    smallestChange: { node, text: change },
    summary: `${name} is waiting for a node. ${shortText(node, shortfalls)}.`,
  };
}

interface Examined {
  readonly explanation: NodeExplanation;
  readonly distance: number;
}

/** Every node with everything that speaks against it, and scores where nothing does. */
function examine(cycle: Cycle, framework: Framework): Examined[] {
  const prepared = framework.prepare(cycle);
  const { nodes } = cycle.snapshot;
  if (prepared.kind === 'reject') {
    const refusals = [{ plugin: prepared.by, reasons: prepared.rejection.reasons, shortfalls: [] }];
    return nodes.map(({ name }) => ({
      explanation: { node: name, fits: false, refusals },
      distance: Number.POSITIVE_INFINITY,
    }));
  }
  const fitting: NodeInfo[] = [];
  const refused: Examined[] = [];
  for (const node of nodes) {
    const refusals = allRefusals(cycle, node, prepared.filters).map(({ plugin, state, rejection }) => ({
      plugin: plugin.name,
      reasons: rejection.reasons,
      shortfalls: plugin.shortfalls?.(cycle, node, state) ?? [],
    }));
    if (refusals.length === 0) {
      fitting.push(node);
      continue;
    }
    const shortfalls = refusals.flatMap((refusal) => refusal.shortfalls);
    // A change can be named only when every refusing plugin says what it lacks.
    const known = refusals.every((refusal) => refusal.shortfalls.length > 0);
    refused.push({
      explanation: {
        node: node.name,
        fits: false,
        refusals,
        ...(known ? { change: changeText(node.name, shortfalls) } : {}),
      },
      distance: known ? distance(shortfalls) : Number.MAX_VALUE,
    });
  }
  const scored = scoreNodes(cycle, fitting, framework.prepareScores(cycle, fitting));
  const fits = fitting.map((_, index) => {
    const explanation = { ...scoresAt(scored, index), fits: true, refusals: [] };
    return { explanation, distance: -1 - explanation.total };
  });
  return [...fits, ...refused];
}

function explainPlaced(
  pod: Pod,
  node: string,
  { moment, framework, decided }: Omit<ExplainInput, 'pod'>,
): SchedulingExplanationStatus {
  const name = pod.metadata?.name ?? '';
  if (decided?.[0]?.node === node) {
    const nodes = decided.map((one) => ({ ...one, fits: true, refusals: [] }));
    return {
      state: 'Placed',
      node,
      basis: 'decision',
      summary: `${name} is on ${node}. ${whyChosen(nodes)}`,
      nodes,
      nodesOmitted: 0,
    };
  }
  if (!framework) {
    return {
      state: 'Placed',
      node,
      summary: `${name} was put on ${node} by another scheduler.`,
      nodes: [],
      nodesOmitted: 0,
    };
  }
  // What would be said today, were the pod not there yet. A pod that is placed names its node: that is no wish.
  moment.snapshot.removePod(pod.metadata?.uid ?? '', node);
  const { nodeName: _, ...spec } = pod.spec ?? { containers: [] };
  const cycle: Cycle = { pod: podInfo({ ...pod, spec }), snapshot: moment.snapshot };
  const answers = examine(cycle, framework).sort((a, b) => a.distance - b.distance);
  const nodes = answers.slice(0, MAX_NODES).map(({ explanation }) => explanation);
  return {
    state: 'Placed',
    node,
    basis: 'now',
    summary: `${name} is on ${node}. The scores that decided are no longer known; these are today's.`,
    nodes,
    nodesOmitted: Math.max(0, answers.length - MAX_NODES),
  };
}

/** Names the plugin that made the largest difference to the runner-up. */
function whyChosen([chosen, second]: readonly NodeExplanation[]): string {
  if (!chosen?.scores || !second?.scores) return 'No other node that was looked at had room for it.';
  const gap = (chosen.total ?? 0) - (second.total ?? 0);
  if (gap === 0) return `It scored as high as ${second.node} and had fewer pods, or came first.`;
  const [decisive] = chosen.scores
    .map(({ plugin, score, weight }, index) => ({
      plugin,
      difference: (score - (second.scores?.[index]?.score ?? 0)) * weight,
    }))
    .sort((a, b) => b.difference - a.difference);
  return `It scored ${Math.round(gap)} more than ${second.node}, most of it by ${decisive?.plugin ?? 'the total'}.`;
}
