import type { FieldReader } from '../config/field-reader';
import { MAX_SCORE } from '../framework/plugin';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';

/** A resource that counts in a comparison of nodes, and how much. */
export interface ResourceWeight {
  readonly name: string;
  readonly weight: number;
}

export const CPU_AND_MEMORY: readonly ResourceWeight[] = [
  { name: 'cpu', weight: 1 },
  { name: 'memory', weight: 1 },
];

/** What would be used of a resource with the pod there, and what there is of it. */
export interface Usage {
  readonly used: number;
  readonly allocatable: number;
}

/**
 * @param withDefaults counts containers that request no CPU or memory as if they requested a little, so that pods
 *   without requests spread too
 */
export function usageOf(
  name: string,
  pod: PodInfo,
  node: NodeInfo,
  { withDefaults }: { readonly withDefaults: boolean },
): Usage {
  const { allocatable } = node.traits;
  switch (name) {
    case 'cpu':
      return {
        used: withDefaults
          ? node.scoredMilliCpu + pod.scored.milliCpu
          : node.requested.milliCpu + pod.requests.milliCpu,
        allocatable: allocatable.milliCpu,
      };
    case 'memory':
      return {
        used: withDefaults
          ? node.scoredMemory + pod.scored.memory
          : node.requested.memory + pod.requests.memory,
        allocatable: allocatable.memory,
      };
    case 'ephemeral-storage':
      return {
        used: node.requested.ephemeralStorage + pod.requests.ephemeralStorage,
        allocatable: allocatable.ephemeralStorage,
      };
    default: {
      const wanted = pod.requests.extended?.get(name) ?? 0;
      // A resource that the pod does not ask for makes no node better.
      if (wanted === 0) return { used: 0, allocatable: 0 };
      return {
        used: (node.requested.extended?.get(name) ?? 0) + wanted,
        allocatable: allocatable.extended?.get(name) ?? 0,
      };
    }
  }
}

/** How good a node is by its use of one resource, 0 to 100. */
export type UsageScore = (usage: Usage) => number;

/** The more is left, the better. */
export const leastAllocated: UsageScore = ({ used, allocatable }) =>
  used > allocatable ? 0 : Math.floor(((allocatable - used) * MAX_SCORE) / allocatable);

/** The fuller, the better: packs. */
export const mostAllocated: UsageScore = ({ used, allocatable }) =>
  Math.floor((Math.min(used, allocatable) * MAX_SCORE) / allocatable);

export interface ShapePoint {
  /** Percent. */
  readonly utilization: number;
  /** 0 to 10. */
  readonly score: number;
}

/** Straight lines between points: below the first its score, beyond the last its. */
export function byShape(points: readonly ShapePoint[]): UsageScore {
  const scaled = points.map(({ utilization, score }) => ({ utilization, score: score * (MAX_SCORE / 10) }));
  return ({ used, allocatable }) => {
    const utilization = used > allocatable ? 100 : Math.floor((used * 100) / allocatable);
    let before = scaled[0];
    for (const point of scaled) {
      if (utilization <= point.utilization) {
        if (!before || before === point) return point.score;
        const rise = (point.score - before.score) * (utilization - before.utilization);
        return before.score + Math.trunc(rise / (point.utilization - before.utilization));
      }
      before = point;
    }
    return before?.score ?? 0;
  };
}

/** `[{name: cpu, weight: 1}, …]`; the default when the field is not there. */
export function readResourceWeights(
  reader: FieldReader,
  fallback: readonly ResourceWeight[],
): readonly ResourceWeight[] {
  if (!reader.isSet) return fallback;
  return reader.list().map((one) => {
    one.only('name', 'weight');
    return { name: one.field('name').text(), weight: one.field('weight').numberOr(1, { min: 1, max: 100 }) };
  });
}

export function readShape(reader: FieldReader): ShapePoint[] {
  const points = reader.list().map((one) => ({
    utilization: one.only('utilization', 'score').field('utilization').number({ min: 0, max: 100 }),
    score: one.field('score').number({ min: 0, max: 10 }),
  }));
  if (points.length === 0) reader.fail('at least one point is required');
  for (const [index, { utilization }] of points.entries()) {
    const previous = points[index - 1];
    if (previous && previous.utilization >= utilization)
      reader.fail('utilization must grow from point to point');
  }
  return points;
}
