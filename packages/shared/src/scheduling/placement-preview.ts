import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import type { ObjectMeta } from '../meta/object';

export const SCHEDULING_GROUP = 'scheduling.wheelhouse.dev';
export const SCHEDULING_VERSION = 'v1';

/**
 * Asks what would happen if a workload had so many replicas, or if a node were drained. POST to
 * `/apis/scheduling.wheelhouse.dev/v1/namespaces/NS/placementpreviews` (for a node without `namespaces/NS`, for it
 * concerns all of them); nothing is stored, nothing is changed. The answer is the same object with its status.
 */
export interface PlacementPreview {
  readonly apiVersion: string;
  readonly kind: 'PlacementPreview';
  readonly metadata?: ObjectMeta;
  readonly spec: PlacementPreviewSpec;
  readonly status?: PlacementPreviewStatus;
}

export interface PlacementPreviewSpec {
  /**
   * An existing ReplicationController, ReplicaSet, Deployment, StatefulSet, DaemonSet or Job of the namespace. One of
   * `workload`, `template` and `drain`.
   */
  readonly workload?: { readonly group: string; readonly kind: string; readonly name: string };
  /** A workload that does not exist yet. */
  readonly template?: PodTemplateSpec;
  /** A node to be emptied. */
  readonly drain?: { readonly node: string };
  /**
   * The replica count to try (of a Job its parallelism), 0 to {@link MAX_PREVIEW_REPLICAS}. Required but for a drain
   * and for a DaemonSet, which has as many pods as there are nodes for them.
   */
  readonly replicas?: number;
  /**
   * How far beyond `replicas` the maximum is searched where it cannot be computed at once (pods that depend on
   * where other pods are). Default 500.
   */
  readonly maximumProbe?: number;
}

export const MAX_PREVIEW_REPLICAS = 10_000;

export interface PlacementPreviewStatus {
  /** Pods of the workload that count now, waiting ones included. */
  readonly currentReplicas: number;
  /** Where new pods, and existing ones that still wait, would go; in the order in which they are placed. */
  readonly placements: readonly PreviewPlacement[];
  /** Existing pods that would be deleted, in order. */
  readonly removals: readonly PreviewRemoval[];
  /** Less important pods of others that would have to leave their nodes for those of the preview. */
  readonly evictions?: readonly PreviewEviction[];
  /** Pods, of a drain successors, that would find no node. */
  readonly unplaced: number;
  readonly maximum: PreviewMaximum;
  /** Set for a drain. */
  readonly drain?: DrainPreview;
  /** Nodes that hold pods of the workload now or would. */
  readonly perNode: readonly { readonly node: string; readonly current: number; readonly preview: number }[];
}

/** What draining a node would do. `placements` and `unplaced` of the status speak of the same pods. */
export interface DrainPreview {
  readonly node: string;
  /** The pods that leave, in order, and where their successors go. */
  readonly moves: readonly DrainMove[];
  /** The pods that stay, and why. */
  readonly stays: readonly { readonly namespace: string; readonly pod: string; readonly reason: string }[];
  /** Budgets that do not allow all evictions at once. */
  readonly blockedBy: readonly DrainBlock[];
}

export interface DrainMove {
  readonly namespace: string;
  readonly pod: string;
  readonly outcome: DrainOutcome;
  /** Where the successor goes; set when it is `placed`. */
  readonly node?: string;
  /** Why there is no node for a successor, or no successor. */
  readonly reason?: string;
}

/**
 * What becomes of a pod that leaves. `placed`: its successor finds a node. `homeless`: its successor finds none.
 * `unknown`: another scheduler places it. `lost`: nobody makes a successor. `finished`: it had ended anyway.
 */
export type DrainOutcome = 'placed' | 'homeless' | 'unknown' | 'lost' | 'finished';

export interface DrainBlock {
  readonly namespace: string;
  readonly budget: string;
  /** How many evictions it allows now. */
  readonly allowed: number;
  /** The pods that would have to wait. */
  readonly pods: readonly string[];
}

export interface PreviewPlacement {
  /** Counts the workload's pods from 0; existing pods come first. */
  readonly ordinal: number;
  /** Set when the pod exists already: it waits, or it leaves its node. */
  readonly pod?: string;
  readonly node: string;
}

export interface PreviewEviction {
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
}

export interface PreviewRemoval {
  readonly pod: string;
  /** Absent for a pod that waits. */
  readonly node?: string;
}

export interface PreviewMaximum {
  /** The largest count at which every pod has a node; where less important pods leave for them, one at a time. */
  readonly replicas: number;
  /** False when the search ended before a limit was found: at least so many fit. */
  readonly exact: boolean;
  /** What stops it there, in words: `memory is the limit on every node`. Empty while `exact` is false. */
  readonly reason: string;
  /** The same as data: how many nodes each limit holds on. */
  readonly limits: readonly { readonly limit: string; readonly nodes: number }[];
}
