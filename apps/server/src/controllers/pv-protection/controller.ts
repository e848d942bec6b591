import { type PersistentVolume, persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import { PV_PROTECTION } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { protectedFinalizers } from '../machinery/protection';

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
      const next = protectedFinalizers(volume.metadata, PV_PROTECTION, volume.status?.phase === 'Bound');
      if (!next) return;
      await context.client.update(persistentVolumeKind, {
        ...volume,
        metadata: { ...volume.metadata, finalizers: next },
      });
    }

    return { name: 'volumes', queue, reconcile };
  },
};
