import type { Service } from 'kubernetes-types/core/v1';
import type { Profile, ProfilePlugin } from '../framework/plugin';
import { balancedAllocation } from './balanced-allocation';
import { imageLocality } from './image-locality';
import { nodeAffinity } from './node-affinity';
import { nodeName } from './node-name';
import { nodePorts } from './node-ports';
import { nodeUnschedulable } from './node-unschedulable';
import { resourcesFit } from './resources-fit';
import { schedulingGates } from './scheduling-gates';
import { taintToleration } from './taint-toleration';
import { workloadSpread } from './workload-spread';

export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';

/** What decides unless configured otherwise. Cheap and choosy filters first: the first refusal ends the search. */
export function defaultPlugins(servicesIn: (namespace: string) => readonly Service[]): ProfilePlugin[] {
  return [
    { plugin: schedulingGates },
    { plugin: nodeUnschedulable },
    { plugin: nodeName },
    { plugin: taintToleration, weight: 3 },
    { plugin: nodeAffinity, weight: 2 },
    { plugin: nodePorts },
    { plugin: resourcesFit },
    { plugin: balancedAllocation },
    { plugin: workloadSpread(servicesIn), weight: 2 },
    { plugin: imageLocality },
  ];
}

export function defaultProfile(
  servicesIn: (namespace: string) => readonly Service[] = () => [],
  schedulerName: string = DEFAULT_SCHEDULER_NAME,
): Profile {
  return { schedulerName, plugins: defaultPlugins(servicesIn) };
}
