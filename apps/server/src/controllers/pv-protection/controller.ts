import { type PersistentVolume, persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import { PV_PROTECTION } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { ControllerDefinition, Outcome } from '../machinery/controller';

/** Lets deleted volumes go once they are bound to no claim. */
export const pvProtectionController: ControllerDefinition = {
  name: 'pv-protection',
  setup(context) {
    const queue = context.queue();
    const volumes = context.cache(persistentVolumeKind);
    const look = (volume: Stored<PersistentVolume>) => {
      const { deletionTimestamp, finalizers } = volume.metadata;
      if (deletionTimestamp || !finalizers?.includes(PV_PROTECTION)) queue.add(keyOf(volume));
    };
    context.informer(persistentVolumeKind).subscribe({ added: look, updated: look });

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const volume = volumes.get(key);
      if (!volume) return;
      const { deletionTimestamp, finalizers = [] } = volume.metadata;
      const held = finalizers.includes(PV_PROTECTION);
      if (held === !deletionTimestamp) return;
      if (deletionTimestamp && volume.status?.phase === 'Bound') return;
      const next = held ? finalizers.filter((one) => one !== PV_PROTECTION) : [...finalizers, PV_PROTECTION];
      await context.client.update(persistentVolumeKind, {
        ...volume,
        metadata: { ...volume.metadata, finalizers: next },
      });
    }

    return { name: 'volumes', queue, reconcile };
  },
};
