import type { PersistentVolume } from '@wheelhouse/shared/kinds/core/persistent-volume';
import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import {
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  HOST_PATH_PROVISIONER,
  PROVISIONED_BY,
  SELECTED_NODE,
} from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { StorageClass } from '@wheelhouse/shared/kinds/storage/storage-class';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { findVolume, isMeantFor, mismatch } from './match';

/** Once parts of Kubernetes, now drivers from outside that answer to the same names. Others of its names make nothing. */
const MOVED_OUT: ReadonlySet<string> = new Set(
  ['aws-ebs', 'azure-disk', 'azure-file', 'cinder', 'gce-pd', 'portworx-volume', 'vsphere-volume'].map(
    (name) => `kubernetes.io/${name}`,
  ),
);

type Volume = Stored<PersistentVolume>;
type Claim = Stored<PersistentVolumeClaim>;

export interface Note {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** What has to happen for a claim. */
export type ClaimPlan =
  | { readonly kind: 'bind'; readonly volume: Volume }
  | { readonly kind: 'lost'; readonly note: Note }
  | { readonly kind: 'wait'; readonly note?: Note }
  | { readonly kind: 'assign-class'; readonly className: string }
  /** Ask the provisioner (by an annotation) for a volume. */
  | { readonly kind: 'provision'; readonly provisioner: string };

export interface ClaimWorld {
  /** Volumes of the claim's class, and those reserved for it. */
  readonly candidates: readonly Volume[];
  volume(name: string): Volume | undefined;
  storageClass(name: string): Stored<StorageClass> | undefined;
  defaultClass(): Stored<StorageClass> | undefined;
  /** Names of the pods that use the claim and are on no node yet. */
  waitingPods(): readonly string[];
}

export function planClaim(claim: Claim, world: ClaimWorld): ClaimPlan {
  return claim.metadata.annotations?.[BIND_COMPLETED] !== undefined
    ? planBound(claim, world)
    : planUnbound(claim, world);
}

/** It had a volume: the two stay together, or the claim is lost for good. */
function planBound(claim: Claim, world: ClaimWorld): ClaimPlan {
  const name = claim.spec?.volumeName;
  if (!name) {
    return lost(
      'ClaimLost',
      'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    );
  }
  const volume = world.volume(name);
  if (!volume) {
    return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!');
  }
  if (!volume.spec?.claimRef || volume.spec.claimRef.uid === claim.metadata.uid)
    return { kind: 'bind', volume };
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly');
}

function lost(reason: string, message: string): ClaimPlan {
  return { kind: 'lost', note: { type: 'Warning', reason, message } };
}

function planUnbound(claim: Claim, world: ClaimWorld): ClaimPlan {
  // A claim on its way out gets nothing new.
  if (claim.metadata.deletionTimestamp) return { kind: 'wait' };
  const wanted = claim.spec?.volumeName;
  return wanted ? planReserved(claim, world.volume(wanted)) : planChoice(claim, world);
}

/** Somebody (the user, or this binder before a restart) named the volume. */
function planReserved(claim: Claim, volume: Volume | undefined): ClaimPlan {
  if (!volume) return { kind: 'wait' };
  if (volume.spec?.claimRef && !isMeantFor(volume, claim)) {
    const message = `volume "${volume.metadata.name}" already bound to a different claim.`;
    return { kind: 'wait', note: { type: 'Warning', reason: 'FailedBinding', message } };
  }
  const reason = volume.spec?.claimRef?.uid ? undefined : mismatch(volume, claim);
  if (reason) {
    const message = `Cannot bind to requested volume "${volume.metadata.name}": ${reason}`;
    return { kind: 'wait', note: { type: 'Warning', reason: 'VolumeMismatch', message } };
  }
  return { kind: 'bind', volume };
}

function planChoice(claim: Claim, world: ClaimWorld): ClaimPlan {
  const className = storageClassOf(claim);
  const storageClass = className ? world.storageClass(className) : undefined;
  const selected = claim.metadata.annotations?.[SELECTED_NODE];
  // With the node chosen and no volume reserved, a new one is what the scheduler asked for.
  const onlyReserved = storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
  const volume = findVolume(claim, world.candidates, { onlyReserved, fewestModes: true });
  if (volume) return { kind: 'bind', volume };
  if (className === undefined) {
    const fallback = world.defaultClass();
    if (fallback) return { kind: 'assign-class', className: fallback.metadata.name };
  }
  if (onlyReserved && !selected) {
    const pods = [...world.waitingPods()].sort();
    if (pods.length === 0) {
      return normal('WaitForFirstConsumer', 'waiting for first consumer to be created before binding');
    }
    const which = `${pods.length === 1 ? 'pod' : 'pods'} ${pods.join(',')}`;
    return normal('WaitForPodScheduled', `waiting for ${which} to be scheduled`);
  }
  if (!className) {
    return normal(
      'FailedBinding',
      'no persistent volumes available for this claim and no storage class is set',
    );
  }
  if (!storageClass) {
    const message = `storageclass.storage.k8s.io "${className}" not found`;
    return { kind: 'wait', note: { type: 'Warning', reason: 'ProvisioningFailed', message } };
  }
  const { provisioner } = storageClass;
  if (provisioner.startsWith('kubernetes.io/') && !MOVED_OUT.has(provisioner)) {
    const message = `no volume plugin matched name: ${provisioner}`;
    return { kind: 'wait', note: { type: 'Warning', reason: 'ProvisioningFailed', message } };
  }
  return { kind: 'provision', provisioner };
}

function normal(reason: string, message: string): ClaimPlan {
  return { kind: 'wait', note: { type: 'Normal', reason, message } };
}

/** What has to happen for a volume. */
export type VolumePlan =
  | { readonly kind: 'wait' }
  | { readonly kind: 'phase'; readonly phase: 'Available' | 'Bound' | 'Released' }
  /** Its claim turned elsewhere: `whole` forgets the claim, otherwise the reservation by name stays. */
  | { readonly kind: 'unbind'; readonly whole: boolean }
  /** Nobody needs it and it is this cluster's to remove. */
  | { readonly kind: 'delete' }
  | { readonly kind: 'failed'; readonly note: Note };

/** `claim` is the one that the volume names, whatever its UID. */
export function planVolume(volume: Volume, claim: Claim | undefined): VolumePlan {
  const reference = volume.spec?.claimRef;
  if (!reference?.uid) return { kind: 'phase', phase: 'Available' };
  if (!claim || claim.metadata.uid !== reference.uid) return planReclaim(volume);
  const name = claim.spec?.volumeName;
  if (name === volume.metadata.name) return { kind: 'phase', phase: 'Bound' };
  // The claim's own turn completes the bond.
  if (!name) return { kind: 'wait' };
  if (volume.metadata.annotations?.[PROVISIONED_BY] && policyOf(volume) === 'Delete') {
    return planReclaim(volume);
  }
  return { kind: 'unbind', whole: volume.metadata.annotations?.[BOUND_BY_CONTROLLER] !== undefined };
}

function policyOf(volume: Volume): string {
  return volume.spec?.persistentVolumeReclaimPolicy ?? 'Retain';
}

/** The claim is gone. */
function planReclaim(volume: Volume): VolumePlan {
  const provisioner = volume.metadata.annotations?.[PROVISIONED_BY];
  switch (policyOf(volume)) {
    case 'Delete':
      if (provisioner === HOST_PATH_PROVISIONER) return { kind: 'delete' };
      // A driver from outside takes its own volumes away once they are released.
      if (provisioner || volume.spec?.csi) return { kind: 'phase', phase: 'Released' };
      return failed(
        'VolumeFailedDelete',
        `error getting deleter volume plugin for volume "${volume.metadata.name}": no deletable volume plugin matched`,
      );
    case 'Recycle':
      return failed('VolumeFailedRecycle', 'No recycler plugin found for the volume!');
    default:
      return { kind: 'phase', phase: 'Released' };
  }
}

function failed(reason: string, message: string): VolumePlan {
  return { kind: 'failed', note: { type: 'Warning', reason, message } };
}
