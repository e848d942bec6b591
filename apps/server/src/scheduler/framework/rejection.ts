import type { SchedulingShortfall } from '@wheelhouse/shared/scheduling/scheduling-explanation';

/** Why a plugin refused a node (or, from a pre-filter, all nodes). Shared constants where possible. */
export interface Rejection {
  /** Short texts as `kubectl describe` shows them; each is counted by itself: `2 Insufficient cpu`. */
  readonly reasons: readonly string[];
  /** No pod that leaves could change this, so preemption need not try. */
  readonly unresolvable?: boolean;
}

export const rejection = (reason: string, options: { unresolvable?: boolean } = {}): Rejection => ({
  reasons: [reason],
  ...options,
});

export type Shortfall = SchedulingShortfall;
