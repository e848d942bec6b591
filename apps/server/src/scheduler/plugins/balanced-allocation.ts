import { MAX_SCORE, type Plugin } from '../framework/plugin';

/**
 * Prefers nodes on which CPU and memory would be used to an equal degree, so that neither is left over without
 * the other. Pods that request neither are left out: they move nothing.
 */
export const balancedAllocation: Plugin = {
  name: 'NodeResourcesBalancedAllocation',

  preScore({ pod }) {
    const { milliCpu, memory } = pod.requests;
    return milliCpu === 0 && memory === 0 ? { kind: 'skip' } : { kind: 'score' };
  },

  score({ pod }, node) {
    const { allocatable } = node.traits;
    const cpu = share(node.requested.milliCpu + pod.requests.milliCpu, allocatable.milliCpu);
    const memory = share(node.requested.memory + pod.requests.memory, allocatable.memory);
    // The standard deviation of two values is half their distance.
    return Math.floor((1 - Math.abs(cpu - memory) / 2) * MAX_SCORE);
  },
};

function share(used: number, allocatable: number): number {
  return allocatable === 0 ? 1 : Math.min(1, used / allocatable);
}
