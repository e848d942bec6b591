import { isAlreadyExists } from '@wheelhouse/shared/errors';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { ephemeralClaimName } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Volume } from 'kubernetes-types/core/v1';
import { type ControllerDefinition, type Outcome, TerminalError } from '../machinery/controller';
import { controllerOf } from '../machinery/owners';

/** The claim of a volume that lives and dies with its pod. */
export function claimForPod(pod: Stored<Pod>, volume: Volume): PersistentVolumeClaim {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const { labels, annotations } = template?.metadata ?? {};
  return {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    metadata: {
      name: ephemeralClaimName(pod, volume.name),
      namespace: pod.metadata.namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          name: pod.metadata.name,
          uid: pod.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: template?.spec,
  };
}

/** Makes the claims of pods' ephemeral volumes; the garbage collector removes them with their pods. */
export const ephemeralVolumeController: ControllerDefinition = {
  name: 'ephemeral-volume',
  setup(context) {
    const queue = context.queue();
    const pods = context.cache(podKind);
    const claims = context.cache(persistentVolumeClaimKind);
    const events = context.recorder('ephemeral_volume');
    const look = (pod: Stored<Pod>) => {
      if (pod.spec?.volumes?.some(({ ephemeral }) => ephemeral)) queue.add(keyOf(pod));
    };
    context.informer(podKind).subscribe({ added: look });
    context.informer(persistentVolumeClaimKind).subscribe({
      deleted(claim) {
        const owner = controllerOf(claim);
        if (owner?.kind === 'Pod') queue.add(`${claim.metadata.namespace}/${owner.name}`);
      },
    });

    async function reconcile(key: ObjectKey): Promise<Outcome> {
      const pod = pods.get(key);
      if (!pod || pod.metadata.deletionTimestamp) return;
      for (const volume of pod.spec?.volumes ?? []) {
        if (!volume.ephemeral) continue;
        const claim = claimForPod(pod, volume);
        const present = claims.get(keyOf(claim));
        if (present && controllerOf(present)?.uid !== pod.metadata.uid) {
          const message = `PVC ${keyOf(claim)} was not created for pod ${key} (pod is not owner)`;
          events.record(pod, 'Warning', 'FailedBinding', `ephemeral volume ${volume.name}: ${message}`);
          throw new TerminalError(message);
        }
        if (present) continue;
        try {
          await context.client.create(persistentVolumeClaimKind, claim);
        } catch (error) {
          // The cache may lag; whose claim it is shows next time.
          if (!isAlreadyExists(error)) throw error;
        }
      }
    }

    return { name: 'pods', queue, reconcile };
  },
};
