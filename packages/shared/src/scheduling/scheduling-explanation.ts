import type { ObjectMeta } from '../meta/object';

/** Why a pod is where it is, or why it is nowhere. GET `…/pods/NAME/schedulingexplanation`. */
export interface SchedulingExplanation {
  readonly apiVersion: string;
  readonly kind: 'SchedulingExplanation';
  readonly metadata: ObjectMeta;
  readonly status: SchedulingExplanationStatus;
}

export interface SchedulingExplanationStatus {
  /** `Foreign`: another scheduler decides about the pod. `Finished`: it ran to its end. */
  readonly state: 'Waiting' | 'Gated' | 'Placed' | 'Foreign' | 'Finished';
  /** One or two sentences for people. */
  readonly summary: string;
  /** The text of the FailedScheduling event, for a pod that fits nowhere. */
  readonly message?: string;
  /** The node it is on. */
  readonly node?: string;
  /** The least that would have to change for a waiting pod to fit somewhere. */
  readonly smallestChange?: { readonly node: string; readonly text: string };
  /** Closest to fitting, or highest score, first; at most 100. */
  readonly nodes: readonly NodeExplanation[];
  /** Nodes left out of `nodes`. */
  readonly nodesOmitted: number;
  /** For scores: `decision` are those that decided, `now` what they would be today. */
  readonly basis?: 'decision' | 'now';
}

export interface NodeExplanation {
  readonly node: string;
  readonly fits: boolean;
  readonly refusals: readonly {
    readonly plugin: string;
    readonly reasons: readonly string[];
    readonly shortfalls: readonly SchedulingShortfall[];
  }[];
  /** What would make the pod fit here: `would fit on node-2 if 200m more CPU were free`. */
  readonly change?: string;
  /** Sum of scores times weights; only nodes that fit have one. */
  readonly total?: number;
  readonly scores?: readonly { readonly plugin: string; readonly score: number; readonly weight: number }[];
}

/** By how much, or in what, a node falls short. */
export type SchedulingShortfall =
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
  /** What the pod's volumes would have to be for the node: `the volume pv-1 could be reached from node-2`. */
  | { readonly kind: 'volume'; readonly change: string }
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
    };
