import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { isDefaultClass, storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import { type StorageClass, storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { AdmissionPlugin } from './admission';

/** Gives claims that name no class the cluster's default one, if there is one. */
export const defaultStorageClass: AdmissionPlugin = {
  name: 'DefaultStorageClass',
  admit({ operation, kind, subresource, object, reader }) {
    if (operation !== 'create' || subresource !== undefined || !object) return;
    if (kind.group !== '' || kind.plural !== 'persistentvolumeclaims') return;
    // Objects of this resource are claims.
    const claim = object as PersistentVolumeClaim;
    if (!claim.spec || storageClassOf(claim) !== undefined) return;
    const { spec } = claim;
    return reader.list(storageClassKind).then((classes) => {
      const chosen = newestDefaultClass(classes);
      if (chosen) spec.storageClassName = chosen.metadata.name;
    });
  },
};

/** Of several default classes the one made last counts, of equally old ones the first by name. */
export function newestDefaultClass(
  classes: readonly Stored<StorageClass>[],
): Stored<StorageClass> | undefined {
  return classes
    .filter(isDefaultClass)
    .sort(
      ({ metadata: a }, { metadata: b }) =>
        (b.creationTimestamp ?? '').localeCompare(a.creationTimestamp ?? '') || (a.name < b.name ? -1 : 1),
    )[0];
}
