import { FieldReader } from '../config/field-reader';
import type { PluginFactory } from '../framework/handle';
import { balancedAllocation, readBalancedAllocationArgs } from './balanced-allocation';
import { defaultBinder } from './default-binder';
import { imageLocality } from './image-locality';
import { interPodAffinity } from './inter-pod-affinity';
import { nodeAffinity, readNodeAffinityArgs } from './node-affinity';
import { nodeName } from './node-name';
import { nodePorts } from './node-ports';
import { nodeUnschedulable } from './node-unschedulable';
import { nodeVolumeLimits } from './node-volume-limits';
import { podTopologySpread } from './pod-topology-spread';
import { defaultPreemption } from './preemption/default-preemption';
import { readResourcesFitArgs, resourcesFit } from './resources-fit';
import { schedulingGates } from './scheduling-gates';
import { siblingsOf } from './siblings';
import { readTopologySpreadArgs } from './spread-constraints';
import { taintToleration } from './taint-toleration';
import { volumeBinding } from './volume-binding';
import { volumeRestrictions } from './volume-restrictions';
import { volumeZone } from './volume-zone';

const PERCENT = { min: 0, max: 100 };

/** A plugin of the default profile: cheap and choosy filters come first, for the first refusal ends the search. */
export interface DefaultPlugin {
  readonly name: string;
  readonly create: PluginFactory;
  /** Multiplies its scores; default 1. */
  readonly weight?: number;
}

/** What decides unless configured otherwise, in order. A plugin of ours is one file and one line here. */
export const defaultPluginList: readonly DefaultPlugin[] = [
  { name: 'SchedulingGates', create: () => schedulingGates },
  { name: 'NodeUnschedulable', create: () => nodeUnschedulable },
  { name: 'NodeName', create: () => nodeName },
  { name: 'TaintToleration', create: () => taintToleration, weight: 3 },
  { name: 'NodeAffinity', create: (args) => nodeAffinity(readNodeAffinityArgs(args)), weight: 2 },
  { name: 'NodePorts', create: () => nodePorts },
  { name: 'NodeResourcesFit', create: (args) => resourcesFit(readResourcesFitArgs(args)) },
  { name: 'VolumeRestrictions', create: (_args, handle) => volumeRestrictions(handle) },
  { name: 'NodeVolumeLimits', create: (_args, handle) => nodeVolumeLimits(handle) },
  {
    name: 'VolumeBinding',
    create(args, handle) {
      const reader = new FieldReader(args, 'VolumeBinding').only('apiVersion', 'kind', 'bindTimeoutSeconds');
      return volumeBinding(handle, {
        bindTimeoutSeconds: reader.field('bindTimeoutSeconds').numberOr(600, { min: 0, max: 86_400 }),
      });
    },
  },
  { name: 'VolumeZone', create: (_args, handle) => volumeZone(handle) },
  {
    name: 'PodTopologySpread',
    weight: 2,
    create: (args, { servicesIn }) =>
      podTopologySpread({
        defaults: readTopologySpreadArgs(args),
        siblingsOf: (pod) => siblingsOf(pod, servicesIn),
      }),
  },
  {
    name: 'InterPodAffinity',
    weight: 2,
    create(args, { namespacesMatching }) {
      const reader = new FieldReader(args, 'InterPodAffinity').only(
        'apiVersion',
        'kind',
        'hardPodAffinityWeight',
        'ignorePreferredTermsOfExistingPods',
      );
      return interPodAffinity(namespacesMatching, {
        hardPodAffinityWeight: reader.field('hardPodAffinityWeight').numberOr(1, PERCENT),
        ignorePreferredTermsOfExistingPods: reader
          .field('ignorePreferredTermsOfExistingPods')
          .booleanOr(false),
      });
    },
  },
  {
    name: 'DefaultPreemption',
    create(args, { budgetsIn }) {
      const reader = new FieldReader(args, 'DefaultPreemption').only(
        'apiVersion',
        'kind',
        'minCandidateNodesPercentage',
        'minCandidateNodesAbsolute',
      );
      return defaultPreemption(budgetsIn, {
        minCandidateNodesPercentage: reader.field('minCandidateNodesPercentage').numberOr(10, PERCENT),
        minCandidateNodesAbsolute: reader
          .field('minCandidateNodesAbsolute')
          .numberOr(100, { min: 1, max: 1_000_000 }),
      });
    },
  },
  {
    name: 'NodeResourcesBalancedAllocation',
    create: (args) => balancedAllocation(readBalancedAllocationArgs(args)),
  },
  { name: 'ImageLocality', create: () => imageLocality },
  {
    name: 'DefaultBinder',
    create: (_args, { client }) => (client ? defaultBinder(client) : { name: 'DefaultBinder' }),
  },
];

const NAMES: ReadonlySet<string> = new Set(defaultPluginList.map(({ name }) => name));

/** Whether a plugin is one of ours. */
export const isBuiltIn = (name: string): boolean => NAMES.has(name);
