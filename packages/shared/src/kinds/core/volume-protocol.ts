/**
 * Annotations, labels and names by which scheduler, binder, provisioners and agents talk to each other about
 * volumes. Those of Kubernetes are spelt as Kubernetes spells them, so that provisioners from outside can join in.
 */

/** On a claim: its volume was found and everything about the two is written. */
export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
/** On a volume or claim: the binder chose the partner, so the binder may also part the two. */
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';
/** On a volume: who made it, and so who takes it away. */
export const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';
/** On a claim that waits for its first pod: the node that the scheduler chose for that pod. */
export const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
/** On a claim: who is asked to make its volume. */
export const STORAGE_PROVISIONER = 'volume.kubernetes.io/storage-provisioner';
export const BETA_STORAGE_PROVISIONER = 'volume.beta.kubernetes.io/storage-provisioner';

/** Volumes that are directories of one node: the provisioner, and the driver that volumes name. */
export const HOST_PATH_PROVISIONER = 'wheelhouse.dev/host-path';
/** As a driver it is a domain name. */
export const HOST_PATH_DRIVER = 'host-path.wheelhouse.dev';
/** On such a volume: the node whose agent keeps the directory. */
export const HOST_PATH_NODE_LABEL = 'host-path.wheelhouse.dev/node';
/** Held by such a volume until its node's agent has removed the directory. */
export const HOST_PATH_FINALIZER = 'host-path.wheelhouse.dev/data';

export const PV_PROTECTION = 'kubernetes.io/pv-protection';
export const PVC_PROTECTION = 'kubernetes.io/pvc-protection';

interface PodLike {
  readonly metadata?: { readonly name?: string };
  readonly spec?: {
    readonly volumes?: readonly {
      readonly name: string;
      readonly persistentVolumeClaim?: { readonly claimName: string };
      readonly ephemeral?: object;
    }[];
  };
}

/** Names of the claims (in the pod's namespace) that a pod's volumes stand for, those made for the pod included. */
export function claimNamesOf(pod: PodLike): string[] {
  const names: string[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.persistentVolumeClaim) names.push(volume.persistentVolumeClaim.claimName);
    else if (volume.ephemeral) names.push(ephemeralClaimName(pod, volume.name));
  }
  return names;
}

export function ephemeralClaimName(pod: PodLike, volume: string): string {
  return `${pod.metadata?.name ?? ''}-${volume}`;
}
