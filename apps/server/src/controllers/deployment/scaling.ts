import { type Bounds, mostPods } from './bounds';
import { byAge, type Draft, sum } from './draft';
import { DESIRED_REPLICAS, MAX_REPLICAS } from './revisions';

/** The Deployment's size has changed since its sets were last sized. */
export function isScaling(drafts: readonly Draft[], bounds: Bounds): boolean {
  return drafts.some(({ replicas, annotations, set }) => {
    const desired = annotations[DESIRED_REPLICAS];
    return set !== undefined && replicas > 0 && desired !== undefined && Number(desired) !== bounds.replicas;
  });
}

/**
 * Brings the sets to the Deployment's size without moving the rollout on. One set gets it all; in the middle of a
 * rollout each grows or shrinks in proportion to its size, so that the risk stays spread as it was.
 */
export function scaleSets(
  newest: Draft | undefined,
  old: readonly Draft[],
  bounds: Bounds,
  options: { rolling: boolean; statusReplicas: number },
): void {
  const all = newest ? [...old, newest] : [...old];
  const active = all.filter(({ replicas }) => replicas > 0);
  const only =
    active.length === 1
      ? active[0]
      : active.length === 0
        ? (newest ?? [...old].sort(byAge).at(-1))
        : undefined;
  if (only) {
    only.replicas = bounds.replicas;
    return;
  }
  if (newest && isSaturated(newest, bounds)) {
    for (const draft of old) draft.replicas = 0;
    return;
  }
  if (options.rolling) scaleInProportion(active, bounds, options.statusReplicas);
}

function isSaturated(newest: Draft, { replicas }: Bounds): boolean {
  return (
    newest.replicas === replicas &&
    Number(newest.annotations[DESIRED_REPLICAS]) === replicas &&
    newest.set?.status?.availableReplicas === replicas
  );
}

function scaleInProportion(active: Draft[], bounds: Bounds, statusReplicas: number): void {
  const toAdd = mostPods(bounds) - sum(active, ({ replicas }) => replicas);
  if (toAdd === 0) return;
  // The larger first; between equals the newer grow first and the older shrink first.
  active.sort((a, b) => b.replicas - a.replicas || (toAdd > 0 ? -byAge(a, b) : byAge(a, b)));
  let added = 0;
  for (const draft of active) {
    const left = toAdd - added;
    const share = fraction(draft, bounds, statusReplicas);
    const change = toAdd > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
    draft.replicas += change;
    added += change;
  }
  const [largest] = active;
  if (largest) largest.replicas = Math.max(0, largest.replicas + toAdd - added);
}

function fraction(draft: Draft, bounds: Bounds, statusReplicas: number): number {
  if (bounds.replicas === 0) return -draft.replicas;
  const before = Number(draft.annotations[MAX_REPLICAS]) || statusReplicas;
  if (before === 0) return 0;
  return Math.round((draft.replicas * mostPods(bounds)) / before) - draft.replicas;
}

/** Notes on each set what it was sized for: how the next reconcile tells scaling from rolling. */
export function noteSize(draft: Draft, bounds: Bounds): void {
  draft.annotations[DESIRED_REPLICAS] = String(bounds.replicas);
  draft.annotations[MAX_REPLICAS] = String(bounds.replicas + bounds.maxSurge);
}
