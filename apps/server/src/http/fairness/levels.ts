import type { UserInfo } from '../extension';

/** A class of requests that has seats of its own. */
export interface PriorityLevel {
  readonly name: string;
  /** Requests of the level that may be under way at once while all levels are busy. */
  readonly seats: number;
  /** Requests of one flow that may wait; further ones are refused. */
  readonly queueLength: number;
}

/**
 * The levels, the most urgent first. They mirror those that Kubernetes suggests; administrators are exempt there, but
 * here everybody shares one thread, so that even they only get a long queue.
 */
export const LEVELS = {
  leaderElection: { name: 'leader-election', seats: 16, queueLength: 100 },
  nodeHigh: { name: 'node-high', seats: 32, queueLength: 200 },
  system: { name: 'system', seats: 32, queueLength: 500 },
  workloadHigh: { name: 'workload-high', seats: 48, queueLength: 1000 },
  administrators: { name: 'administrators', seats: 48, queueLength: 4000 },
  workloadLow: { name: 'workload-low', seats: 40, queueLength: 200 },
  globalDefault: { name: 'global-default', seats: 32, queueLength: 200 },
  catchAll: { name: 'catch-all', seats: 8, queueLength: 50 },
} as const satisfies Record<string, PriorityLevel>;

export interface Flow {
  readonly level: PriorityLevel;
  /** Within a level, requests with the same key take turns as one. */
  readonly key: string;
}

export interface FlowSubject {
  readonly user: UserInfo;
  readonly group: string;
  readonly plural: string;
  readonly subresource: string | undefined;
  /** Namespace of the object. */
  readonly namespace: string | undefined;
}

const COMPONENTS: ReadonlySet<string> = new Set(['system:kube-scheduler', 'system:kube-controller-manager']);
const ACCOUNT = 'system:serviceaccount:';

/** Which level a request belongs to, and with whose requests it takes turns. */
export function flowOf({ user, group, plural, subresource, namespace }: FlowSubject): Flow {
  const { name, groups } = user;
  if (groups.includes('system:masters')) return { level: LEVELS.administrators, key: name };
  const isLease = group === 'coordination.k8s.io' && plural === 'leases';
  if (groups.includes('system:nodes')) {
    const isHeartbeat = isLease || (group === '' && plural === 'nodes' && subresource === 'status');
    return { level: isHeartbeat ? LEVELS.nodeHigh : LEVELS.system, key: name };
  }
  const isSystemAccount = name.startsWith(`${ACCOUNT}kube-system:`);
  if (isLease && namespace === 'kube-system' && (COMPONENTS.has(name) || isSystemAccount)) {
    return { level: LEVELS.leaderElection, key: name };
  }
  if (COMPONENTS.has(name) || isSystemAccount) return { level: LEVELS.workloadHigh, key: name };
  if (name.startsWith(ACCOUNT)) return { level: LEVELS.workloadLow, key: name };
  if (groups.includes('system:authenticated')) return { level: LEVELS.globalDefault, key: name };
  // Nobody knows who they are, so all of them are one.
  return { level: LEVELS.catchAll, key: '' };
}
