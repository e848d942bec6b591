import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { claimNamesOf, PVC_PROTECTION } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import type { ControllerDefinition, Outcome } from '../machinery/controller';
import { protectedFinalizers } from '../machinery/protection';

/**
 * A pod that is on a node holds its claims, whatever its phase: its containers may still write. One that is not
 * placed yet holds nothing; no kubelet starts it once the claim is being deleted.
 */
export function usesClaim(pod: Pod, claim: Stored<PersistentVolumeClaim>): boolean {
  return pod.spec?.nodeName !== undefined && claimNamesOf(pod).includes(claim.metadata.name);
}

/** Lets deleted claims go once no pod uses them. */
export const pvcProtectionController: ControllerDefinition = {
  name: 'pvc-protection',
  setup(context) {
    const { client } = context;
    const queue = context.queue();
    const claims = context.cache(persistentVolumeClaimKind);
    const pods = context.cache(podKind);
    const look = (claim: Stored<PersistentVolumeClaim>) => {
      const { deletionTimestamp, finalizers } = claim.metadata;
      // Claims from before this rule are taken under protection as well.
      if (deletionTimestamp || !finalizers?.includes(PVC_PROTECTION)) queue.add(keyOf(claim));
    };
    context.informer(persistentVolumeClaimKind).subscribe({ added: look, updated: look });
    context.informer(podKind).subscribe({
      deleted(pod) {
        for (const name of claimNamesOf(pod)) queue.add(`${pod.metadata.namespace}/${name}`);
      },
    });

    async function inUse(claim: Stored<PersistentVolumeClaim>): Promise<boolean> {
      if (pods.byIndex('claim', keyOf(claim)).some((pod) => usesClaim(pod, claim))) return true;
      // The last look is at the present: a pod may be newer than the cache.
      const { items } = await client.list(podKind, { namespace: claim.metadata.namespace });
      return items.some((pod) => usesClaim(pod, claim));
    }

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const claim = claims.get(key);
      if (!claim) return;
      // Whether it is used is asked of the server, so only where that decides.
      if (!protectedFinalizers(claim.metadata, PVC_PROTECTION, false)) return;
      const used = claim.metadata.deletionTimestamp !== undefined && (await inUse(claim));
      const next = protectedFinalizers(claim.metadata, PVC_PROTECTION, used);
      if (!next) return;
      await client.update(persistentVolumeClaimKind, {
        ...claim,
        metadata: { ...claim.metadata, finalizers: next },
      });
    }

    return { name: 'claims', queue, reconcile };
  },
};
