import { isNotFound } from '@wheelhouse/shared/errors';
import { type PersistentVolume, persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { isDefaultClass, storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import {
  BETA_STORAGE_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  HOST_PATH_PROVISIONER,
  STORAGE_PROVISIONER,
} from '@wheelhouse/shared/kinds/core/volume-protocol';
import { type StorageClass, storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import { keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import { newestDefaultClass } from '../../admission/default-storage-class';
import type { ControllerContext, ControllerDefinition, Outcome, Reconciler } from '../machinery/controller';
import { isFinished } from '../machinery/pods';
import { podClaims } from '../machinery/volume-indexes';
import { boundStatus, claimForVolume, volumeForClaim } from './bond';
import { type ClaimWorld, type Note, planClaim, planVolume } from './plan';

type Volume = Stored<PersistentVolume>;
type Claim = Stored<PersistentVolumeClaim>;

/** Brings claims and volumes together, says in their phases how they stand, and reclaims what nobody claims. */
export const persistentVolumeBinder: ControllerDefinition = {
  name: 'persistentvolume-binder',
  setup(context) {
    const claimQueue = context.queue();
    const volumeQueue = context.queue();
    const claims = context.cache(persistentVolumeClaimKind);
    const volumes = context.cache(persistentVolumeKind);
    const enqueueWaiting = (className: string) => {
      for (const claim of claims.byIndex('waiting', className)) claimQueue.add(keyOf(claim));
    };

    const onClaim = (claim: Claim) => {
      claimQueue.add(keyOf(claim));
      for (const volume of volumes.byIndex('claim', keyOf(claim))) volumeQueue.add(keyOf(volume));
    };
    context
      .informer(persistentVolumeClaimKind)
      .subscribe({ added: onClaim, updated: onClaim, deleted: onClaim });

    const onVolume = (volume: Volume) => {
      volumeQueue.add(keyOf(volume));
      const { claimRef } = volume.spec ?? {};
      if (claimRef?.name) claimQueue.add(`${claimRef.namespace}/${claimRef.name}`);
      else enqueueWaiting(storageClassOf(volume) ?? '');
      for (const claim of claims.byIndex('volume', volume.metadata.name)) claimQueue.add(keyOf(claim));
    };
    context
      .informer(persistentVolumeKind)
      .subscribe({ added: onVolume, updated: onVolume, deleted: onVolume });

    // What a claim waits for is said anew when its first pods come.
    context.informer(podKind).subscribe({
      added(pod) {
        for (const key of podClaims(pod)) {
          const claim = claims.get(key);
          if (claim && claim.metadata.annotations?.[BIND_COMPLETED] === undefined) claimQueue.add(key);
        }
      },
    });

    const onClass = (storageClass: Stored<StorageClass>) => {
      enqueueWaiting(storageClass.metadata.name);
      if (isDefaultClass(storageClass)) enqueueWaiting('');
    };
    context.informer(storageClassKind).subscribe({ added: onClass, updated: onClass });
    return [claimReconciler(context, claimQueue), volumeReconciler(context, volumeQueue)];
  },
};

function claimReconciler(context: ControllerContext, queue: Reconciler['queue']): Reconciler {
  const { client } = context;
  const claims = context.cache(persistentVolumeClaimKind);
  const volumes = context.cache(persistentVolumeKind);
  const classes = context.cache(storageClassKind);
  const pods = context.cache(podKind);
  const events = context.recorder('persistentvolume-controller');
  const note = (claim: Claim, { type, reason, message }: Note) => events.record(claim, type, reason, message);

  async function setPhase(claim: Claim, phase: 'Pending' | 'Lost'): Promise<void> {
    if (claim.status?.phase === phase) return;
    const status = { ...claim.status, phase };
    // What a lost claim had is no more.
    if (phase === 'Lost') {
      delete status.capacity;
      delete status.accessModes;
    }
    await client.update(persistentVolumeClaimKind, { ...claim, status }, { subresource: 'status' });
  }

  async function bind(claim: Claim, volume: Volume): Promise<void> {
    const reserved = volumeForClaim(volume, claim);
    let bound = reserved ? await client.update(persistentVolumeKind, reserved) : volume;
    if (bound.status?.phase !== 'Bound') {
      const status = { ...bound.status, phase: 'Bound' };
      bound = await client.update(persistentVolumeKind, { ...bound, status }, { subresource: 'status' });
    }
    const pointed = claimForVolume(claim, bound);
    const written = pointed ? await client.update(persistentVolumeClaimKind, pointed) : claim;
    const final = boundStatus(written, bound);
    if (final) await client.update(persistentVolumeClaimKind, final, { subresource: 'status' });
  }

  async function askProvisioner(claim: Claim, provisioner: string): Promise<void> {
    const annotations = claim.metadata.annotations ?? {};
    if (annotations[STORAGE_PROVISIONER] !== provisioner) {
      const asked = { [STORAGE_PROVISIONER]: provisioner, [BETA_STORAGE_PROVISIONER]: provisioner };
      const metadata = { ...claim.metadata, annotations: { ...annotations, ...asked } };
      await client.update(persistentVolumeClaimKind, { ...claim, metadata });
    }
    if (provisioner === HOST_PATH_PROVISIONER) return;
    const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    note(claim, { type: 'Normal', reason: 'ExternalProvisioning', message });
  }

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const claim = claims.get(key);
    if (!claim) return;
    const world: ClaimWorld = {
      candidates: [
        ...volumes.byIndex('claim', key),
        ...volumes.byIndex('class', storageClassOf(claim) ?? ''),
      ],
      volume: (name) => volumes.get(name),
      storageClass: (name) => classes.get(name),
      defaultClass: () => newestDefaultClass(classes.list()),
      waitingPods: () =>
        pods
          .byIndex('claim', key)
          .filter((pod) => !pod.spec?.nodeName && !isFinished(pod))
          .map(({ metadata }) => metadata.name),
    };
    const plan = planClaim(claim, world);
    switch (plan.kind) {
      case 'bind':
        return bind(claim, plan.volume);
      case 'lost':
        if (claim.status?.phase !== 'Lost') note(claim, plan.note);
        return setPhase(claim, 'Lost');
      case 'wait':
        if (plan.note) note(claim, plan.note);
        return setPhase(claim, 'Pending');
      case 'assign-class': {
        const spec = { ...claim.spec, storageClassName: plan.className };
        await client.update(persistentVolumeClaimKind, { ...claim, spec });
        return;
      }
      case 'provision':
        await setPhase(claim, 'Pending');
        return askProvisioner(claims.get(key) ?? claim, plan.provisioner);
    }
  }

  return { name: 'claims', queue, reconcile };
}

function volumeReconciler(context: ControllerContext, queue: Reconciler['queue']): Reconciler {
  const { client } = context;
  const claims = context.cache(persistentVolumeClaimKind);
  const volumes = context.cache(persistentVolumeKind);
  const events = context.recorder('persistentvolume-controller');

  async function setPhase(volume: Volume, phase: string, note?: Note): Promise<void> {
    const { message: _, reason: __, ...before } = volume.status ?? {};
    const message = note ? { message: note.message } : {};
    if (volume.status?.phase === phase && volume.status.message === note?.message) return;
    const status = { ...before, phase, ...message };
    await client.update(persistentVolumeKind, { ...volume, status }, { subresource: 'status' });
    if (note) events.record(volume, note.type, note.reason, note.message);
  }

  async function unbind(volume: Volume, whole: boolean): Promise<void> {
    const { claimRef, ...spec } = volume.spec ?? {};
    const { [BOUND_BY_CONTROLLER]: _, ...annotations } = volume.metadata.annotations ?? {};
    const { uid: __, resourceVersion: ___, ...reserved } = claimRef ?? {};
    await client.update(persistentVolumeKind, {
      ...volume,
      metadata: whole ? { ...volume.metadata, annotations } : volume.metadata,
      spec: whole ? spec : { ...spec, claimRef: reserved },
    });
  }

  /** A claim that the cache does not know may be newer than the cache; a volume is not given up for that. */
  async function claimOf(volume: Volume): Promise<Claim | undefined> {
    const { namespace, name, uid } = volume.spec?.claimRef ?? {};
    if (!name || !uid) return undefined;
    const cached = claims.get(`${namespace}/${name}`);
    if (cached?.metadata.uid === uid) return cached;
    try {
      return await client.get(persistentVolumeClaimKind, { name, namespace });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async function reconcile(key: ObjectKey): Promise<Outcome> {
    const volume = volumes.get(key);
    if (!volume) return;
    const plan = planVolume(volume, await claimOf(volume));
    switch (plan.kind) {
      case 'wait':
        return;
      case 'phase':
        return setPhase(volume, plan.phase);
      case 'unbind':
        return unbind(volume, plan.whole);
      case 'failed':
        return setPhase(volume, 'Failed', plan.note);
      case 'delete': {
        await setPhase(volume, 'Released');
        if (volume.metadata.deletionTimestamp) return;
        await client.delete(persistentVolumeKind, volume.metadata, {
          preconditions: { uid: volume.metadata.uid },
        });
      }
    }
  }

  return { name: 'volumes', queue, reconcile };
}
