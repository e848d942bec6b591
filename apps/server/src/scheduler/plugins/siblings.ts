import type { Service } from 'kubernetes-types/core/v1';
import type { PodMatcher } from '../snapshot/match-counts';
import type { PodInfo } from '../snapshot/pod-info';

/** Controllers whose pods are interchangeable, and so worth spreading by default. */
const SPREADING_OWNERS = new Set(['ReplicationController', 'ReplicaSet', 'StatefulSet']);

/**
 * The pods of the same workload: of the same controller and behind the same services. Undefined for a pod with
 * neither.
 *
 * @param servicesIn the services of a namespace, as they are now
 */
export function siblingsOf(
  pod: PodInfo,
  servicesIn: (namespace: string) => readonly Service[],
): PodMatcher | undefined {
  const { namespace } = pod;
  const owner = spreadingOwner(pod);
  const selectors = servicesIn(namespace).flatMap(({ spec }) =>
    spec?.selector && selects(spec.selector, pod.labels) ? [spec.selector] : [],
  );
  if (owner === undefined && selectors.length === 0) return undefined;
  return {
    key: `siblings ${owner ?? ''} ${selectors.length > 0 ? JSON.stringify(selectors) : ''}`,
    namespace,
    matches: (other) =>
      !other.terminating &&
      (owner === undefined || other.ownerUid === owner) &&
      selectors.every((selector) => selects(selector, other.labels)),
  };
}

function spreadingOwner({ pod, ownerUid }: PodInfo): string | undefined {
  const owner = pod.metadata?.ownerReferences?.find(({ uid }) => uid === ownerUid);
  return owner && SPREADING_OWNERS.has(owner.kind) ? ownerUid : undefined;
}

/** An empty selector selects nothing, as for services. */
function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  let any = false;
  for (const key in selector) {
    if (labels[key] !== selector[key]) return false;
    any = true;
  }
  return any;
}
