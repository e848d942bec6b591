import { isAlreadyExists } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { type PersistentVolume, persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import {
  HOST_PATH_FINALIZER,
  HOST_PATH_NODE_LABEL,
  SELECTED_NODE,
} from '@wheelhouse/shared/kinds/core/volume-protocol';
import { storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { ControllerContext, ControllerDefinition, Outcome, Reconciler } from '../machinery/controller';
import { planProvision } from './plan';

/** A node that registers again under its name keeps its volumes. */
const NODE_GONE_MS = 60_000;

/**
 * Makes volumes that are directories of a node: the object is made here, the directory by the node's agent when a
 * pod first mounts it. The agent also removes the directory before the object may go; where the node itself is gone
 * for good there is nothing left to remove.
 */
export const hostPathProvisioner: ControllerDefinition = {
  name: 'host-path-provisioner',
  setup: (context) => [provisioner(context), orphans(context)],
};

function provisioner(context: ControllerContext): Reconciler {
  const { client } = context;
  const queue = context.queue();
  const claims = context.cache(persistentVolumeClaimKind);
  const volumes = context.cache(persistentVolumeKind);
  const classes = context.cache(storageClassKind);
  const nodes = context.cache(nodeKind);
  const events = context.recorder('host-path-provisioner');
  const enqueue = (claim: Stored<PersistentVolumeClaim>) => {
    if (!claim.spec?.volumeName) queue.add(keyOf(claim));
  };
  context.informer(persistentVolumeClaimKind).subscribe({ added: enqueue, updated: enqueue });

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const claim = claims.get(key);
    if (!claim) return;
    const plan = planProvision(claim, {
      storageClass: classes.get(storageClassOf(claim) ?? ''),
      nodes: nodes.list(),
      volume: (name) => volumes.get(name),
    });
    switch (plan.kind) {
      case 'nothing':
        return;
      case 'refuse':
        events.record(claim, 'Warning', 'ProvisioningFailed', plan.message);
        return { requeueAfterMs: 30_000 };
      case 'reschedule': {
        events.record(claim, 'Warning', 'ProvisioningFailed', plan.message);
        const { [SELECTED_NODE]: _, ...annotations } = claim.metadata.annotations ?? {};
        await client.update(persistentVolumeClaimKind, {
          ...claim,
          metadata: { ...claim.metadata, annotations },
        });
        return;
      }
      case 'create': {
        try {
          await client.create(persistentVolumeKind, plan.volume);
        } catch (error) {
          if (!isAlreadyExists(error)) throw error;
          return;
        }
        const message = `Successfully provisioned volume ${plan.volume.metadata?.name}`;
        events.record(claim, 'Normal', 'ProvisioningSucceeded', message);
      }
    }
  }
  return { name: 'claims', queue, reconcile };
}

/** Volumes on their way out whose node is no more. */
function orphans(context: ControllerContext): Reconciler {
  const { client } = context;
  const queue = context.queue();
  const volumes = context.cache(persistentVolumeKind);
  const nodes = context.cache(nodeKind);
  const isOrphan = ({ metadata }: Stored<PersistentVolume>) => {
    const node = metadata.labels?.[HOST_PATH_NODE_LABEL];
    const held = metadata.finalizers?.includes(HOST_PATH_FINALIZER);
    return metadata.deletionTimestamp && held && node !== undefined && !nodes.get(node);
  };
  const look = (volume: Stored<PersistentVolume>) => {
    if (isOrphan(volume)) queue.addAfter(keyOf(volume), NODE_GONE_MS);
  };
  context.informer(persistentVolumeKind).subscribe({ added: look, updated: look });
  context.informer(nodeKind).subscribe({ deleted: () => volumes.list().forEach(look) });

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const volume = volumes.get(key);
    if (!volume || !isOrphan(volume)) return;
    const finalizers = volume.metadata.finalizers?.filter((one) => one !== HOST_PATH_FINALIZER);
    await client.update(persistentVolumeKind, { ...volume, metadata: { ...volume.metadata, finalizers } });
  }
  return { name: 'volumes of lost nodes', queue, reconcile };
}
