import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import type { Rejection } from './rejection';

/**
 * Someone outside this program who has a say in decisions, asked after the plugins: which of the nodes that fit it
 * agrees to, how it ranks them, and whether it binds the pod itself. A call that fails fails the attempt, unless the
 * extender is ignorable.
 */
export interface Extender {
  readonly name: string;
  readonly ignorable: boolean;
  /** Pods that it has nothing to do with are decided without it. */
  isInterestedIn(pod: PodInfo): boolean;
  filter?(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ExtenderFilterResult>;
  /** Scores by node name, in the scale of plugin totals (weights applied). */
  prioritize?(pod: PodInfo, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>>;
  bind?(pod: PodInfo, node: string): Promise<void>;
  /** Which of the candidates it agrees to, perhaps with other victims. */
  preempt?(pod: PodInfo, candidates: readonly PreemptionCandidate[]): Promise<readonly PreemptionCandidate[]>;
}

export interface ExtenderFilterResult {
  /** Names of the nodes that pass. */
  readonly fitting: ReadonlySet<string>;
  readonly refused: ReadonlyMap<string, Rejection>;
}

/** A node that would do if these pods went. */
export interface PreemptionCandidate {
  readonly node: string;
  /** The most important first. */
  readonly victims: readonly PodInfo[];
  /** How many of them a disruption budget would rather keep. */
  readonly violations: number;
}
