import type { Deployment } from 'kubernetes-types/apps/v1';

/** The numbers that a rolling update moves between. */
export interface Bounds {
  readonly replicas: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/**
 * Percentages are of the replicas; a surge is rounded up and what may be missing down. Both being 0 would stop every
 * update, so then one may be missing. With Recreate neither applies.
 */
export function boundsOf(deployment: Deployment): Bounds {
  const replicas = deployment.spec?.replicas ?? 1;
  const { type, rollingUpdate } = deployment.spec?.strategy ?? {};
  if (type === 'Recreate') return { replicas, maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = resolve(rollingUpdate?.maxSurge ?? '25%', replicas, Math.ceil);
  const maxUnavailable = resolve(rollingUpdate?.maxUnavailable ?? '25%', replicas, Math.floor);
  const least = maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable;
  return { replicas, maxSurge, maxUnavailable: Math.min(least, replicas) };
}

/** Old and new pods together never exceed it. */
export const mostPods = ({ replicas, maxSurge }: Bounds) => (replicas > 0 ? replicas + maxSurge : 0);
/** As many must be available at any moment of an update. */
export const leastAvailable = ({ replicas, maxUnavailable }: Bounds) => replicas - maxUnavailable;

function resolve(value: string | number, total: number, round: (x: number) => number): number {
  if (typeof value === 'number') return Math.max(0, value);
  const percent = Number(value.replace(/%$/, ''));
  return Number.isFinite(percent) ? Math.max(0, round((percent * total) / 100)) : 0;
}
