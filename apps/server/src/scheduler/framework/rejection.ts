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

/** By how much, or in what, a node falls short: the data from which explanations make their sentences. */
export type Shortfall =
  | {
      readonly kind: 'resource';
      /** `cpu` (in thousandths), `memory` and `ephemeral-storage` (in bytes), `pods`, or an extended resource. */
      readonly resource: string;
      readonly requested: number;
      readonly free: number;
      /** What the whole node could offer; a request beyond it can never fit there. */
      readonly allocatable: number;
      readonly missing: number;
    }
  | { readonly kind: 'taint'; readonly key: string; readonly value: string; readonly effect: string }
  | {
      readonly kind: 'label';
      readonly key: string;
      readonly operator: string;
      readonly wanted: readonly string[];
      /** The node's value; absent when it has no such label. */
      readonly actual?: string;
    }
  | { readonly kind: 'node-name'; readonly wanted: string }
  | { readonly kind: 'unschedulable' }
  | {
      readonly kind: 'port';
      readonly port: number;
      readonly protocol: string;
      /** `namespace/name` of the pod that has it. */
      readonly takenBy: string;
    }
  | {
      readonly kind: 'spread';
      readonly topologyKey: string;
      readonly skew: number;
      readonly maxSkew: number;
    }
  | {
      readonly kind: 'affinity';
      readonly term: 'affinity' | 'anti-affinity' | 'existing-anti-affinity';
      readonly topologyKey: string;
    }
  | { readonly kind: 'gate'; readonly gates: readonly string[] };
