import type { Deployment } from 'kubernetes-types/apps/v1';
import type { Draft } from './draft';

export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';

/** Annotations of the Deployment that its ReplicaSets do not take over. */
const OWN = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

export function revisionOf(annotations: Readonly<Record<string, string>> | undefined): number {
  const revision = Number(annotations?.[REVISION] ?? 0);
  return Number.isSafeInteger(revision) && revision > 0 ? revision : 0;
}

/**
 * The newest set has the highest revision: 1 for the first, one more than any other's when a template comes or comes
 * back (`kubectl rollout undo`). Revisions that the set had before go into its history.
 */
export function annotateNewSet(deployment: Deployment, newest: Draft, old: readonly Draft[]): void {
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!OWN.has(key)) newest.annotations[key] = value;
  }
  const next = Math.max(0, ...old.map(({ annotations }) => revisionOf(annotations))) + 1;
  const had = revisionOf(newest.annotations);
  if (had >= next) return;
  newest.annotations[REVISION] = String(next);
  if (had > 0) {
    const history = newest.annotations[REVISION_HISTORY];
    newest.annotations[REVISION_HISTORY] = history ? `${history},${had}` : String(had);
  }
}
