import { forbidden } from '@wheelhouse/shared/errors';
import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import { storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import { compareQuantities } from '@wheelhouse/shared/meta/quantity';
import type { AdmissionPlugin } from './admission';

/** Lets a claim ask for more space only where somebody can give it: it is bound, and its class allows growth. */
export const persistentVolumeClaimResize: AdmissionPlugin = {
  name: 'PersistentVolumeClaimResize',
  async validate({ operation, kind, subresource, object, oldObject, name, reader }) {
    if (operation !== 'update' || subresource !== undefined || !object || !oldObject) return;
    if (kind.group !== '' || kind.plural !== 'persistentvolumeclaims') return;
    // Objects of this resource are claims.
    const claim = object as PersistentVolumeClaim;
    const previous = oldObject as PersistentVolumeClaim;
    const size = claim.spec?.resources?.requests?.storage ?? '0';
    const before = previous.spec?.resources?.requests?.storage ?? '0';
    if (compareQuantities(size, before) <= 0) return;
    const subject = { kind: 'persistentvolumeclaims', name };
    if (previous.status?.phase !== 'Bound') {
      throw forbidden(subject, 'Only bound persistent volume claims can be expanded');
    }
    const className = storageClassOf(claim);
    const storageClass = className ? await reader.get(storageClassKind, { name: className }) : undefined;
    if (!storageClass?.allowVolumeExpansion) {
      throw forbidden(
        subject,
        'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
      );
    }
  },
};
