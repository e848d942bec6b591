import type { Service } from 'kubernetes-types/core/v1';
import type { Profile, ProfilePlugin } from '../framework/plugin';
import type { NamespacesMatching } from '../snapshot/affinity-term';
import { balancedAllocation } from './balanced-allocation';
import { imageLocality } from './image-locality';
import { interPodAffinity } from './inter-pod-affinity';
import { nodeAffinity } from './node-affinity';
import { nodeName } from './node-name';
import { nodePorts } from './node-ports';
import { nodeUnschedulable } from './node-unschedulable';
import { podTopologySpread } from './pod-topology-spread';
import { resourcesFit } from './resources-fit';
import { schedulingGates } from './scheduling-gates';
import { taintToleration } from './taint-toleration';
import { workloadSpread } from './workload-spread';

export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';

/** What some plugins ask besides pods and nodes; answers are as of now. */
export interface ClusterReaders {
  servicesIn(namespace: string): readonly Service[];
  readonly namespacesMatching: NamespacesMatching;
}

const NOTHING: ClusterReaders = { servicesIn: () => [], namespacesMatching: () => [] };

/** What decides unless configured otherwise. Cheap and choosy filters first: the first refusal ends the search. */
export function defaultPlugins({ servicesIn, namespacesMatching }: ClusterReaders): ProfilePlugin[] {
  return [
    { plugin: schedulingGates },
    { plugin: nodeUnschedulable },
    { plugin: nodeName },
    { plugin: taintToleration, weight: 3 },
    { plugin: nodeAffinity, weight: 2 },
    { plugin: nodePorts },
    { plugin: resourcesFit },
    { plugin: podTopologySpread, weight: 2 },
    { plugin: interPodAffinity(namespacesMatching), weight: 2 },
    { plugin: balancedAllocation },
    { plugin: workloadSpread(servicesIn), weight: 2 },
    { plugin: imageLocality },
  ];
}

export function defaultProfile(
  readers: ClusterReaders = NOTHING,
  schedulerName: string = DEFAULT_SCHEDULER_NAME,
): Profile {
  return { schedulerName, plugins: defaultPlugins(readers) };
}
