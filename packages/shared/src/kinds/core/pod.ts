import type { Pod } from 'kubernetes-types/core/v1';
import { type FieldError, forbidden, immutable, invalidValue } from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { podColumns } from './pod-columns';
import { ephemeralContainersPart } from './pod-ephemeral';
import { defaultPodSpec } from './pod-spec/defaults';
import { validatePodSpec } from './pod-spec/validate';

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
    { name: 'ephemeralcontainers', kind: 'Pod', verbs: ['get', 'patch', 'update'] },
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
    'status.podIPs': (pod) => (pod.status?.podIPs ?? []).map(({ ip }) => ip).join(','),
    'status.nominatedNodeName': (pod) => pod.status?.nominatedNodeName ?? '',
  },
  columns: podColumns,
  default(pod) {
    pod.spec ??= { containers: [] };
    pod.spec.enableServiceLinks ??= true;
    defaultPodSpec(pod.spec);
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
    // A writer's word does not change the class that the pod was given when it was made.
    const qosClass = previous.status?.qosClass;
    if (qosClass) setStatus(next, { ...next.status, qosClass });
    syncIps(next.status, previous.status);
  },
  validate(pod) {
    return validatePodSpec(pod.spec, 'spec');
  },
  validateUpdate: validatePodUpdate,
  validateStatusUpdate(next, previous) {
    return next.spec?.nodeName === previous.spec?.nodeName
      ? []
      : immutable(
          'spec.nodeName',
          next.spec?.nodeName,
          previous.spec?.nodeName,
          'may not be changed directly',
        );
  },
  gracefulDeletion(pod) {
    const phase = pod.status?.phase;
    if (!pod.spec?.nodeName || phase === 'Failed' || phase === 'Succeeded') return 0;
    return Math.max(pod.spec.terminationGracePeriodSeconds ?? 30, 1) || 1;
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

const UPDATE_RULE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A running pod is what it is: only images, a shorter deadline and further tolerations may come. */
function validatePodUpdate(next: Pod, previous: Pod): FieldError[] {
  const errors: FieldError[] = [];
  const spec = next.spec ?? { containers: [] };
  const before = previous.spec ?? { containers: [] };
  if (spec.containers.length !== before.containers.length) {
    return [forbidden('spec.containers', 'pod updates may not add or remove containers')];
  }
  if ((spec.initContainers ?? []).length !== (before.initContainers ?? []).length) {
    return [forbidden('spec.initContainers', 'pod updates may not add or remove containers')];
  }
  errors.push(...validateDeadline(spec.activeDeadlineSeconds, before.activeDeadlineSeconds));
  errors.push(...validateAddedTolerations(next, previous));

  const munged = structuredClone(spec);
  munged.containers.forEach((container, i) => {
    container.image = before.containers[i]?.image;
  });
  munged.initContainers?.forEach((container, i) => {
    container.image = before.initContainers?.[i]?.image;
  });
  munged.activeDeadlineSeconds = before.activeDeadlineSeconds;
  munged.tolerations = before.tolerations;
  if ((before.terminationGracePeriodSeconds ?? 0) < 0 && munged.terminationGracePeriodSeconds === 1) {
    munged.terminationGracePeriodSeconds = before.terminationGracePeriodSeconds;
  }
  // Gates only ever fall; while one is left, the pod's place in the cluster may still be narrowed.
  if (before.schedulingGates?.length) {
    const known = new Set(before.schedulingGates.map(({ name }) => name));
    (spec.schedulingGates ?? []).forEach((gate, i) => {
      if (!known.has(gate.name)) {
        errors.push(
          forbidden(`spec.schedulingGates[${i}]`, 'only deletion is allowed, but found new scheduling gate'),
        );
      }
    });
    munged.schedulingGates = before.schedulingGates;
    munged.nodeSelector = before.nodeSelector;
    munged.affinity = before.affinity;
  }
  if (!equalJson(munged, before)) errors.push(forbidden('spec', UPDATE_RULE));
  return errors;
}

function validateDeadline(next: number | undefined, previous: number | undefined): FieldError[] {
  if (previous === undefined || next === previous) return [];
  const field = 'spec.activeDeadlineSeconds';
  if (next === undefined)
    return [invalidValue(field, null, 'must not update from a positive integer to nil value')];
  return next > previous ? [invalidValue(field, next, `must be less than or equal to previous value`)] : [];
}

function validateAddedTolerations(next: Pod, previous: Pod): FieldError[] {
  const now = next.spec?.tolerations ?? [];
  for (const old of previous.spec?.tolerations ?? []) {
    const kept = now.some((toleration) =>
      equalJson({ ...toleration, tolerationSeconds: undefined }, { ...old, tolerationSeconds: undefined }),
    );
    if (!kept) {
      return [
        forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'),
      ];
    }
  }
  return [];
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
