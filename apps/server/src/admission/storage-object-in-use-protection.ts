import type { AdmissionPlugin } from './admission';

const FINALIZERS: Readonly<Record<string, string>> = {
  persistentvolumes: 'kubernetes.io/pv-protection',
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
};

/** Keeps volumes that are bound, and claims that a pod uses, until nobody needs them: a controller lets them go. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  admit({ operation, kind, subresource, object }) {
    if (operation !== 'create' || kind.group !== '' || subresource !== undefined || !object) return;
    const finalizer = FINALIZERS[kind.plural];
    if (!finalizer) return;
    const metadata = object.metadata ?? {};
    if (metadata.finalizers?.includes(finalizer)) return;
    object.metadata = { ...metadata, finalizers: [...(metadata.finalizers ?? []), finalizer] };
  },
};
