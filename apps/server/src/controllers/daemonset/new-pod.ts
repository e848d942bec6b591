import { daemonSetKind } from '@wheelhouse/shared/kinds/apps/daemon-set';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { DaemonSet } from 'kubernetes-types/apps/v1';
import type { Pod, PodSpec, Toleration } from 'kubernetes-types/core/v1';
import { controllerReference } from '../machinery/owners';
import { podFromTemplate } from '../machinery/pods';
import { sameJson } from '../machinery/same-json';
import { REVISION_LABEL } from '../revisions/history';
import { pinnedTo } from './nodes';

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';
const GENERATION_LABEL = 'pod-template-generation';

/** Daemons stay where nodes are in trouble: they may be what helps. */
const TOLERATED: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];
const TOLERATED_ON_HOST_NETWORK: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** The pod spec of a DaemonSet's template with the tolerations that every daemon has. */
export function daemonSpec(set: DaemonSet): PodSpec {
  const spec = set.spec?.template?.spec ?? { containers: [] };
  const added = spec.hostNetwork ? [...TOLERATED, TOLERATED_ON_HOST_NETWORK] : TOLERATED;
  const own = spec.tolerations ?? [];
  const missing = added.filter((one) => !own.some((other) => sameJson(one, other)));
  return { ...spec, tolerations: [...own, ...missing] };
}

/** The pod of one node; the scheduler binds it, as every other pod. */
export function newDaemonPod(set: Stored<DaemonSet>, node: string, hash: string): Pod {
  const { name, namespace = '', annotations } = set.metadata;
  const pod = podFromTemplate(set.spec?.template, name, controllerReference(daemonSetKind, set));
  const generation = annotations?.[TEMPLATE_GENERATION];
  const labels = {
    ...pod.metadata?.labels,
    [REVISION_LABEL]: hash,
    ...(generation ? { [GENERATION_LABEL]: generation } : {}),
  };
  return { metadata: { ...pod.metadata, namespace, labels }, spec: pinnedTo(daemonSpec(set), node) };
}
