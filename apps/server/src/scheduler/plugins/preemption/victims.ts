import { preparedRefusal, type Refused, refusalOn } from '../../core/refusal-on';
import type { PreemptionCandidate } from '../../framework/extender';
import { type ActiveFilter, firstRefusal } from '../../framework/framework';
import type { FailedAttempt } from '../../framework/plugin';
import { type Rejection, rejection } from '../../framework/rejection';
import type { NodeInfo } from '../../snapshot/node-info';
import type { PodInfo } from '../../snapshot/pod-info';
import { type BudgetsIn, splitByBudgets } from './budgets';
import { byImportance } from './importance';

export const NO_VICTIMS = 'No preemption victims found for incoming pod';
const NOBODY: NoRoom = { rejection: rejection(NO_VICTIMS, { unresolvable: true }) };
const GONE: NoRoom = { rejection: rejection('node(s) are gone', { unresolvable: true }) };

/** Why a node would not do even without its less important pods. */
export interface NoRoom {
  readonly rejection: Rejection;
  /** The plugin that says so. */
  readonly by?: string;
}

export function isCandidate(found: PreemptionCandidate | NoRoom): found is PreemptionCandidate {
  return 'victims' in found;
}

/**
 * The pods of lower priority that would have to leave the node for the pod to fit: first all of them are taken away,
 * then as many as possible are given back, those that a budget protects first, the most important first. A
 * refusal when the pod would not fit even alone, or nobody has to go. The snapshot is as before afterwards.
 */
export function victimsOn(
  node: NodeInfo,
  pod: PodInfo,
  attempt: FailedAttempt,
  budgetsIn: BudgetsIn,
): PreemptionCandidate | NoRoom {
  const lower = [...node.pods.values()].filter((other) => other.priority < pod.priority).sort(byImportance);
  if (lower.length === 0) return NOBODY;
  const trial = trialOn(node, pod, attempt);
  try {
    for (const other of lower) trial.remove(other);
    const alone = trial.refusal();
    if (alone) return alone;
    const { breaking, allowed } = splitByBudgets(lower, budgetsIn);
    const victims: PodInfo[] = [];
    const keep = (other: PodInfo): boolean => {
      trial.giveBack(other);
      if (!trial.refusal()) return true;
      trial.remove(other);
      victims.push(other);
      return false;
    };
    const violations = breaking.filter((other) => !keep(other)).length;
    for (const other of allowed) keep(other);
    // Filters that judge by pods elsewhere may let everyone stay once asked one by one.
    if (victims.length === 0) return NOBODY;
    return { node: node.name, victims: victims.sort(byImportance), violations };
  } finally {
    trial.undo();
  }
}

/** A node to take pods off and give them back. */
interface Trial {
  remove(other: PodInfo): void;
  giveBack(other: PodInfo): void;
  /** Why the pod would not fit now. */
  refusal(): NoRoom | undefined;
  undo(): void;
}

function trialOn(node: NodeInfo, pod: PodInfo, attempt: FailedAttempt): Trial {
  const cycle = { pod, snapshot: attempt.snapshot };
  const prepared = attempt.framework.prepare(cycle);
  // Where the node alone decides, a copy of it will do; pods that leave give no further filter anything to check.
  const byNodeAlone =
    prepared.kind === 'check' &&
    !prepared.onlyNodes &&
    prepared.filters.every(({ plugin }) => plugin.scope === 'node');
  return byNodeAlone
    ? new CopyTrial(node, pod, attempt, prepared.filters)
    : new SnapshotTrial(node.name, pod, attempt);
}

/** On a private copy of the node. */
class CopyTrial implements Trial {
  readonly #node: NodeInfo;
  readonly #ahead: readonly PodInfo[];

  constructor(
    node: NodeInfo,
    private readonly pod: PodInfo,
    private readonly attempt: FailedAttempt,
    private readonly filters: readonly ActiveFilter[],
  ) {
    this.#node = node.copy(node.epoch);
    this.#ahead = attempt.nominations.ahead(node.name, pod).filter(({ uid }) => !node.pods.has(uid));
    for (const other of this.#ahead) this.#node.addPod(other);
  }

  remove(other: PodInfo): void {
    this.#node.removePod(other.uid);
  }

  giveBack(other: PodInfo): void {
    this.#node.addPod(other);
  }

  refusal(): NoRoom | undefined {
    const cycle = { pod: this.pod, snapshot: this.attempt.snapshot };
    return asNoRoom(firstRefusal(cycle, this.#node, this.filters));
  }

  undo(): void {}
}

/** On the snapshot itself, for filters that look at pods elsewhere too. */
class SnapshotTrial implements Trial {
  #removed = new Map<string, PodInfo>();

  constructor(
    private readonly node: string,
    private readonly pod: PodInfo,
    private readonly attempt: FailedAttempt,
  ) {}

  remove(other: PodInfo): void {
    this.attempt.snapshot.removePod(other.uid, this.node);
    this.#removed.set(other.uid, other);
  }

  giveBack(other: PodInfo): void {
    if (this.#removed.delete(other.uid)) this.attempt.snapshot.addPod(other, this.node);
  }

  undo(): void {
    for (const other of [...this.#removed.values()]) this.giveBack(other);
  }

  refusal(): NoRoom | undefined {
    const { framework, snapshot, nominations } = this.attempt;
    const node = snapshot.node(this.node);
    if (!node) return GONE;
    const cycle = { pod: this.pod, snapshot };
    if (nominations.ahead(this.node, this.pod).length === 0) {
      return asNoRoom(preparedRefusal(framework, cycle, node));
    }
    const prepared = framework.prepare(cycle);
    if (prepared.kind === 'reject') return prepared;
    if (prepared.onlyNodes && !prepared.onlyNodes.names.has(this.node)) return prepared.onlyNodes;
    return asNoRoom(refusalOn({ framework, cycle, filters: prepared.filters, nominations }, node));
  }
}

function asNoRoom(refused: Refused | undefined): NoRoom | undefined {
  return refused && { rejection: refused.rejection, by: refused.filter.plugin.name };
}
