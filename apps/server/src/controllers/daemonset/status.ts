import type { Stored } from '@wheelhouse/shared/meta/object';
import type { DaemonSet, DaemonSetStatus } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { isReady, msUntilAvailable } from '../machinery/pods';
import { isUpdated, oldestFirst, podsByNode } from './members';
import type { NodeVerdict } from './nodes';

export interface StatusInput {
  readonly pods: readonly Stored<Pod>[];
  readonly nodes: ReadonlyMap<string, NodeVerdict>;
  readonly hash: string;
  readonly collisions: number;
}

export interface StatusResult {
  readonly status: DaemonSetStatus;
  /** When the next ready pod becomes available, in milliseconds from now. */
  readonly nextChangeMs: number | undefined;
}

/** Counts nodes, not pods: of several pods on a node the oldest speaks for it. */
export function daemonSetStatus(set: Stored<DaemonSet>, input: StatusInput, now: Date): StatusResult {
  const byNode = podsByNode(input.pods);
  const wanted = [...input.nodes].filter(([, { run }]) => run).map(([node]) => node);
  const unwanted = [...input.nodes].filter(([, { run }]) => !run);
  const firsts = wanted.flatMap((node) => [...(byNode.get(node) ?? [])].sort(oldestFirst).slice(0, 1));
  const ready = firsts.filter(isReady);
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  // A pod that is to end serves until it has ended, so it counts as long as it is ready.
  const numberAvailable = ready.filter((pod) => msUntilAvailable(pod, minReadySeconds, now) === 0).length;
  const optional = {
    updatedNumberScheduled: firsts.filter((pod) => isUpdated(pod, input.hash)).length,
    numberAvailable,
    numberUnavailable: wanted.length - numberAvailable,
    collisionCount: input.collisions,
  };
  const { conditions } = set.status ?? {};
  const status: DaemonSetStatus = {
    currentNumberScheduled: firsts.length,
    numberMisscheduled: unwanted.filter(([node]) => byNode.has(node)).length,
    desiredNumberScheduled: wanted.length,
    numberReady: ready.length,
    observedGeneration: set.metadata.generation ?? 0,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value > 0)),
    ...(conditions ? { conditions } : {}),
  };
  const waits = input.pods
    .map((pod) => msUntilAvailable(pod, minReadySeconds, now))
    .filter((ms) => ms !== undefined && ms > 0) as number[]; // the filter leaves numbers alone
  return { status, nextChangeMs: waits.length > 0 ? Math.min(...waits) : undefined };
}
