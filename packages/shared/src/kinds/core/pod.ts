import type { Pod } from 'kubernetes-types/core/v1';
import { type FieldError, forbidden } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { keepAllButStatus, keepMetadata, keepStatus, setStatus } from '../status-split';
import { podColumns, podRowConditions } from './pod-columns';
import { ephemeralContainersPart } from './pod-ephemeral';
import { validatePodAnnotations, validatePodAnnotationsUpdate } from './pod-spec/annotations';
import { validateImageSpaces } from './pod-spec/container';
import { defaultPodSpec, defaultRequests } from './pod-spec/defaults';
import { validatePodSpec } from './pod-spec/validate';
import { validatePodStatusUpdate } from './pod-status';
import { validatePodUpdate } from './pod-update';

export type { Pod };

export const podKind: KindDefinition<Pod> = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Pod',
  status: true,
  // Since 1.33 pods count generations too; older recordings have none.
  hasGeneration: false,
  deleteReturnsObject: true,
  subresources: [
    { name: 'attach', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
    { name: 'binding', kind: 'Binding', verbs: ['create'] },
    { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] },
    { name: 'exec', kind: 'PodExecOptions', verbs: ['create', 'get'] },
    { name: 'log', kind: 'Pod', verbs: ['get'] },
    { name: 'portforward', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
    {
      name: 'proxy',
      kind: 'PodProxyOptions',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
  ],
  parts: { ephemeralcontainers: ephemeralContainersPart },
  selectableFields: {
    'spec.nodeName': (pod) => pod.spec?.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec?.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec?.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec?.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec?.hostNetwork ?? false),
    'status.phase': (pod) => pod.status?.phase ?? '',
    'status.podIP': (pod) => pod.status?.podIP ?? '',
    // Can be asked for, but says nothing: as with Kubernetes.
    'status.podIPs': () => '',
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  columns: podColumns,
  rowConditions: podRowConditions,
  default(pod) {
    pod.spec ??= { containers: [] };
    pod.spec.enableServiceLinks ??= true;
    defaultPodSpec(pod.spec);
    defaultRequests(pod.spec);
  },
  prepareForCreate(pod) {
    const gated = {
      type: 'PodScheduled',
      status: 'False',
      reason: 'SchedulingGated',
      message: 'Scheduling is blocked due to non-empty scheduling gates',
    };
    setStatus(pod, {
      phase: 'Pending',
      qosClass: qosClassOf(pod),
      ...(pod.spec?.schedulingGates?.length ? { conditions: [gated] } : {}),
    });
  },
  prepareForUpdate(next, previous) {
    keepStatus(next, previous);
  },
  prepareForStatusUpdate(next, previous) {
    keepAllButStatus(next, previous);
    // Kubelets of old send these back incomplete.
    keepMetadata(next, previous, 'ownerReferences');
    keepMetadata(next, previous, 'deletionTimestamp');
    // A writer's word does not change the class that the pod was given when it was made.
    const qosClass = previous.status?.qosClass;
    if (qosClass) setStatus(next, { ...next.status, qosClass });
    syncIps(next.status, previous.status);
  },
  validate: (pod) => [
    ...validatePodAnnotations(pod.metadata?.annotations, pod.spec, 'metadata.annotations'),
    ...validatePodSpec(pod.spec, 'spec'),
    ...validateOwn(pod),
  ],
  validateCreate: ({ spec }) => [
    ...(spec?.ephemeralContainers?.length
      ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')]
      : []),
    ...(spec?.schedulingGates?.length && spec.nodeName
      ? [forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared')]
      : []),
  ],
  validateUpdate: (next, previous) => [
    ...validatePodAnnotationsUpdate(next.metadata?.annotations, previous.metadata?.annotations),
    ...validatePodUpdate(next, previous),
  ],
  validateStatusUpdate: (next, previous) => [
    ...validatePodAnnotationsUpdate(next.metadata?.annotations, previous.metadata?.annotations),
    ...validatePodStatusUpdate(next, previous),
  ],
  gracefulDeletion(pod) {
    const phase = pod.status?.phase;
    if (!pod.spec?.nodeName || phase === 'Failed' || phase === 'Succeeded') return undefined;
    return pod.spec.terminationGracePeriodSeconds ?? 0;
  },
};

/** Keeps the single address and the list of them in step, whichever a writer knows. */
function syncIps(next: Pod['status'], previous: Pod['status']): void {
  if (!next) return;
  const changed = next.podIP !== previous?.podIP;
  if (next.podIP && (changed || !next.podIPs?.length) && next.podIPs?.[0]?.ip !== next.podIP) {
    next.podIPs = [{ ip: next.podIP }];
  } else if (!next.podIP && next.podIPs?.[0]?.ip) {
    next.podIP = next.podIPs[0].ip;
  }
  if (next.hostIP && !next.hostIPs?.length) next.hostIPs = [{ ip: next.hostIP }];
}

/** What is asked of pods, and not of the templates that they are made of. */
function validateOwn({ spec }: Pod): FieldError[] {
  const errors = [
    ...validateImageSpaces(spec?.containers, 'spec.containers'),
    ...validateImageSpaces(spec?.initContainers, 'spec.initContainers'),
  ];
  if (!spec?.serviceAccountName) {
    spec?.volumes?.forEach(({ projected }, i) => {
      projected?.sources?.forEach(({ serviceAccountToken }, j) => {
        if (!serviceAccountToken) return;
        const at = `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`;
        errors.push(forbidden(at, 'must not be specified when serviceAccountName is not set'));
      });
    });
  }
  return errors;
}

/** How the pod ranks when a node runs out of memory. */
function qosClassOf(pod: Pod): string {
  let any = false;
  let guaranteed = true;
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  for (const { resources } of containers) {
    for (const name of ['cpu', 'memory']) {
      const request = resources?.requests?.[name];
      const limit = resources?.limits?.[name];
      if ((request && request !== '0') || (limit && limit !== '0')) any = true;
      if (!limit || limit === '0' || (request !== undefined && request !== limit)) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
