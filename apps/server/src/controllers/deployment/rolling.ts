import { type Bounds, leastAvailable, mostPods } from './bounds';
import { availableOf, byAge, type Draft, podsOf, sum } from './draft';

/** Size of the new set that the surge allows beside what the old ones still have. */
export function grownSize(newest: Draft, old: readonly Draft[], bounds: Bounds): number {
  if (newest.replicas >= bounds.replicas) return bounds.replicas;
  const room = mostPods(bounds) - podsOf(newest) - sum(old, podsOf);
  return newest.replicas + Math.max(0, Math.min(room, bounds.replicas - newest.replicas));
}

/**
 * One step of a rolling update: grow the new set as far as the surge allows; when it cannot grow, shrink the old
 * ones as far as what must stay available allows, those that are not healthy first.
 */
export function rollingStep(newest: Draft, old: readonly Draft[], bounds: Bounds): void {
  const size = grownSize(newest, old, bounds);
  if (size !== newest.replicas) {
    newest.replicas = size;
    return;
  }
  const all = [newest, ...old];
  const newUnavailable = newest.replicas - availableOf(newest);
  let budget = sum(all, ({ replicas }) => replicas) - leastAvailable(bounds) - newUnavailable;
  const oldestFirst = [...old].sort(byAge);
  for (const draft of oldestFirst) {
    const unhealthy = draft.replicas - availableOf(draft);
    const count = Math.max(0, Math.min(budget, unhealthy));
    draft.replicas -= count;
    budget -= count;
  }
  // What is left of the budget is also bounded by how many are really available.
  budget = Math.min(budget, sum(all, availableOf) - leastAvailable(bounds));
  for (const draft of oldestFirst) {
    const count = Math.max(0, Math.min(budget, draft.replicas));
    draft.replicas -= count;
    budget -= count;
  }
}

/** All old pods end before the first new one begins. `oldPodsLeft`: some old pod has not finished yet. */
export function recreateStep(
  newest: Draft,
  old: readonly Draft[],
  bounds: Bounds,
  oldPodsLeft: boolean,
): void {
  const shrunk = old.filter(({ replicas }) => replicas > 0);
  for (const draft of shrunk) draft.replicas = 0;
  if (shrunk.length === 0 && !oldPodsLeft) newest.replicas = bounds.replicas;
}
