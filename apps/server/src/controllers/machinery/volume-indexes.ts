import type { PersistentVolume } from '@wheelhouse/shared/kinds/core/persistent-volume';
import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import { BIND_COMPLETED, claimNamesOf } from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';

type IndexFunctions = Readonly<Record<string, (object: Stored<KubeObject>) => string[]>>;

/** `namespace/name` of each claim that a pod's volumes stand for. */
export function podClaims(object: Stored<KubeObject>): string[] {
  // Only called for the pods resource.
  const pod = object as Stored<Pod>;
  return claimNamesOf(pod).map((name) => `${pod.metadata.namespace}/${name}`);
}

export const volumeIndexes: IndexFunctions = {
  class: (object) => [storageClassOf(object as Stored<PersistentVolume>) ?? ''],
  /** `namespace/name` of the claim that it is bound to or reserved for. */
  claim(object) {
    const reference = (object as Stored<PersistentVolume>).spec?.claimRef;
    return reference?.name ? [`${reference.namespace}/${reference.name}`] : [];
  },
};

export const claimIndexes: IndexFunctions = {
  /** The class of a claim that has no volume yet. */
  waiting(object) {
    const claim = object as Stored<PersistentVolumeClaim>;
    return claim.metadata.annotations?.[BIND_COMPLETED] === undefined ? [storageClassOf(claim) ?? ''] : [];
  },
  /** The volume that it names. */
  volume(object) {
    const name = (object as Stored<PersistentVolumeClaim>).spec?.volumeName;
    return name ? [name] : [];
  },
};
