import { FieldReader } from '../config/field-reader';
import { MAX_SCORE, type Plugin } from '../framework/plugin';
import { amountOf } from '../snapshot/resources';
import { CPU_AND_MEMORY, type ResourceWeight, readResourceWeights, usageOf } from './resource-scoring';

const NAME = 'NodeResourcesBalancedAllocation';

/** `resources`: the names to balance; weights mean nothing here. */
export function readBalancedAllocationArgs(args: unknown): readonly ResourceWeight[] {
  const reader = new FieldReader(args, NAME).only('apiVersion', 'kind', 'resources');
  return readResourceWeights(reader.field('resources'), CPU_AND_MEMORY);
}

/**
 * Prefers nodes on which the resources (CPU and memory) would be used to an equal degree, so that none is left over
 * without the others. Pods that request none of them are left out: they move nothing.
 */
export function balancedAllocation(resources: readonly ResourceWeight[] = CPU_AND_MEMORY): Plugin {
  return {
    name: NAME,

    preScore({ pod: { requests } }) {
      return resources.some(({ name }) => amountOf(requests, name) > 0)
        ? { kind: 'score' }
        : { kind: 'skip' };
    },

    score({ pod }, node) {
      let count = 0;
      let sum = 0;
      let squares = 0;
      for (const { name } of resources) {
        const { used, allocatable } = usageOf(name, pod, node, { withDefaults: false });
        if (allocatable === 0) continue;
        const share = Math.min(1, used / allocatable);
        count++;
        sum += share;
        squares += share * share;
      }
      const mean = count === 0 ? 0 : sum / count;
      const deviation = count === 0 ? 0 : Math.sqrt(Math.max(0, squares / count - mean * mean));
      // Rounding errors of the sums must not cost a point.
      return Math.floor((1 - deviation) * MAX_SCORE + 1e-9);
    },
  };
}
