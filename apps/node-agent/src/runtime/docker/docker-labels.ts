import type { PodIdentity } from '../runtime';

/** What stands on each container, so that everything else can be told from Docker alone. */
export const LABELS = {
  cluster: 'dev.wheelhouse.cluster',
  node: 'dev.wheelhouse.node',
  address: 'dev.wheelhouse.address',
  attempt: 'dev.wheelhouse.attempt',
  sandbox: 'dev.wheelhouse.sandbox',
  podNamespace: 'io.kubernetes.pod.namespace',
  podName: 'io.kubernetes.pod.name',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

/** Kubernetes' own name for the sandbox among a pod's containers; no container may be called so. */
export const SANDBOX_CONTAINER = 'POD';

/** Docker names are at most some 4,000 characters of [a-zA-Z0-9_.-]; all parts here are DNS names. */
export function containerName(pod: PodIdentity, container: string, attempt: number): string {
  return `k8s_${container}_${pod.name}_${pod.namespace}_${pod.uid}_${attempt}`;
}

export type Labels = Readonly<Record<string, string | undefined>>;

export function podOf(labels: Labels): PodIdentity {
  return {
    namespace: labels[LABELS.podNamespace] ?? '',
    name: labels[LABELS.podName] ?? '',
    uid: labels[LABELS.podUid] ?? '',
  };
}

export const isSandbox = (labels: Labels): boolean => labels[LABELS.containerName] === SANDBOX_CONTAINER;

/** Docker's filter argument for what belongs to one node of one cluster. */
export function ownedFilter(cluster: string, node: string, podUid?: string): { label: string[] } {
  const label = [`${LABELS.cluster}=${cluster}`, `${LABELS.node}=${node}`];
  if (podUid !== undefined) label.push(`${LABELS.podUid}=${podUid}`);
  return { label };
}
