/** Pure counting of one probe of one run of a container. */
export interface ProbeThresholds {
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export interface ProbeState {
  /** Undefined until a threshold was reached. */
  readonly verdict: 'success' | 'failure' | undefined;
  readonly streak: { readonly success: boolean; readonly count: number };
}

export const initialProbeState: ProbeState = { verdict: undefined, streak: { success: false, count: 0 } };

/** The state after one more result: a verdict changes when as many equal results came in a row as its threshold says. */
export function countResult(state: ProbeState, success: boolean, thresholds: ProbeThresholds): ProbeState {
  const count = state.streak.success === success ? state.streak.count + 1 : 1;
  const needed = success ? thresholds.successThreshold : thresholds.failureThreshold;
  return {
    streak: { success, count },
    verdict: count >= needed ? (success ? 'success' : 'failure') : state.verdict,
  };
}
