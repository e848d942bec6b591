import type { OwnerReference } from '@wheelhouse/shared/meta/object';
import type { Pod, PodTemplateSpec } from 'kubernetes-types/core/v1';

/** Counts towards replicas: neither finished nor on its way out. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !pod.metadata?.deletionTimestamp;
}

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isReady(pod: Pod): boolean {
  return readyCondition(pod)?.status === 'True';
}

/** Milliseconds since the epoch at which the pod became ready; undefined while it is not. */
export function readySince(pod: Pod): number | undefined {
  const condition = readyCondition(pod);
  if (condition?.status !== 'True') return undefined;
  return Date.parse(condition.lastTransitionTime ?? '') || 0;
}

/** Milliseconds until the pod counts as available; 0: it does now; undefined: not while it is not ready. */
export function msUntilAvailable(pod: Pod, minReadySeconds: number, now: Date): number | undefined {
  const since = readySince(pod);
  if (since === undefined) return undefined;
  if (minReadySeconds === 0) return 0;
  return Math.max(0, since + minReadySeconds * 1000 - now.getTime());
}

/** A new pod of a template. The template's parts are shared, not copied: clients do not change what they are given. */
export function podFromTemplate(
  template: PodTemplateSpec | undefined,
  ownerName: string,
  owner: OwnerReference,
): Pod {
  const { labels, annotations, finalizers } = template?.metadata ?? {};
  return {
    metadata: {
      generateName: `${ownerName}-`,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [owner],
    },
    ...(template?.spec ? { spec: template.spec } : {}),
  };
}

function readyCondition(pod: Pod) {
  return pod.status?.conditions?.find(({ type }) => type === 'Ready');
}
