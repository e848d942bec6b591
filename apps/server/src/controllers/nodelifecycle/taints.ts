import type { Node, Taint } from 'kubernetes-types/core/v1';
import { readyStatus } from './health';

export const NOT_READY = 'node.kubernetes.io/not-ready';
export const UNREACHABLE = 'node.kubernetes.io/unreachable';

/** Condition type → status → the taint that keeps new pods away. */
const NO_SCHEDULE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: NOT_READY, Unknown: UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
};
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

const NEW_NODE: Taint = { key: NOT_READY, effect: 'NoSchedule' };

const MANAGED_NO_SCHEDULE = new Set([...Object.values(NO_SCHEDULE).flatMap(Object.values), UNSCHEDULABLE]);
const MANAGED_NO_EXECUTE = new Set([NOT_READY, UNREACHABLE]);

/**
 * The taints that the node's conditions ask for, beside those that people have set; undefined when it has just
 * these. `evict` false leaves out the taints that drive pods away: see zones.ts for when that is.
 */
export function desiredTaints(node: Node, options: { evict: boolean }, now: Date): Taint[] | undefined {
  const current = node.spec?.taints ?? [];
  const wanted = wantedTaints(node, options.evict);
  const kept = current.filter((taint) => !isManaged(taint) || wanted.some((other) => same(other, taint)));
  const added = wanted.filter((taint) => !current.some((other) => same(other, taint)));
  if (added.length === 0 && kept.length === current.length) return undefined;
  const timeAdded = now.toISOString().replace(/\.\d+Z$/, 'Z');
  return [...kept, ...added.map((taint) => ({ ...taint, timeAdded }))];
}

function wantedTaints(node: Node, evict: boolean): Taint[] {
  const taints: Taint[] = [];
  for (const { type, status } of node.status?.conditions ?? []) {
    const key = NO_SCHEDULE[type]?.[status];
    if (key) taints.push({ key, effect: 'NoSchedule' });
  }
  if (node.spec?.unschedulable) taints.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' });
  const hasReported = node.status?.conditions?.some(({ type }) => type === 'Ready') ?? false;
  // New nodes begin with this taint: until the agent has spoken, nothing speaks for taking it off.
  const isNew = !hasReported && node.spec?.taints?.some((taint) => same(taint, NEW_NODE));
  if (isNew) taints.push(NEW_NODE);
  if (evict && needsEvictionTaint(node)) {
    taints.push({ key: readyStatus(node) === 'False' ? NOT_READY : UNREACHABLE, effect: 'NoExecute' });
  }
  return taints;
}

/** Its pods should move away: it has reported once and is not ready now. */
export function needsEvictionTaint(node: Node): boolean {
  const hasReported = node.status?.conditions?.some(({ type }) => type === 'Ready') ?? false;
  return hasReported && readyStatus(node) !== 'True';
}

/** Has one of the taints that drive pods away from nodes that are not ready. */
export function hasEvictionTaint(node: Node): boolean {
  return node.spec?.taints?.some((taint) => taint.effect === 'NoExecute' && isManaged(taint)) ?? false;
}

function isManaged({ key, effect }: Taint): boolean {
  if (effect === 'NoExecute') return MANAGED_NO_EXECUTE.has(key);
  return effect === 'NoSchedule' && MANAGED_NO_SCHEDULE.has(key);
}

const same = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect;
