import { persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { planExpansion } from './plan';

/** Gives bound claims the space that they ask for, where this cluster's own volumes are concerned. */
export const persistentVolumeExpander: ControllerDefinition = {
  name: 'persistentvolume-expander',
  setup(context) {
    const { client, clock } = context;
    const queue = context.queue();
    const claims = context.cache(persistentVolumeClaimKind);
    const volumes = context.cache(persistentVolumeKind);
    const events = context.recorder('volume_expand');
    const look = (claim: Stored<PersistentVolumeClaim>) => {
      if (claim.status?.phase === 'Bound') queue.add(keyOf(claim));
    };
    context.informer(persistentVolumeClaimKind).subscribe({ added: look, updated: look });
    context.informer(persistentVolumeKind);

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const claim = claims.get(key);
      if (!claim) return;
      const plan = planExpansion(claim, volumes.get(claim.spec?.volumeName ?? ''), clock.now());
      switch (plan.kind) {
        case 'nothing':
          return;
        case 'external':
          events.record(claim, 'Normal', 'ExternalExpanding', plan.message);
          return;
        case 'begin':
          await client.update(persistentVolumeClaimKind, plan.claim, { subresource: 'status' });
          events.record(claim, 'Normal', 'Resizing', `resizing volume ${claim.spec?.volumeName}`);
          break;
        case 'grow-volume':
          await client.update(persistentVolumeKind, plan.volume);
          break;
        case 'finish':
          await client.update(persistentVolumeClaimKind, plan.claim, { subresource: 'status' });
          events.record(claim, 'Normal', 'VolumeResizeSuccessful', 'Resize volume succeeded');
          return;
      }
      queue.add(key);
    }

    return { name: 'claims', queue, reconcile };
  },
};
