import type { PersistentVolume } from '@wheelhouse/shared/kinds/core/persistent-volume';
import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import { selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { compareQuantities } from '@wheelhouse/shared/meta/quantity';

type Volume = Stored<PersistentVolume>;
type Claim = Stored<PersistentVolumeClaim>;

/** The volume is meant for this claim: by UID once it is bound, by name while it is only reserved. */
export function isMeantFor({ spec }: PersistentVolume, claim: Claim): boolean {
  const reference = spec?.claimRef;
  if (!reference) return false;
  if (reference.name !== claim.metadata.name || reference.namespace !== claim.metadata.namespace)
    return false;
  return !reference.uid || reference.uid === claim.metadata.uid;
}

/** Whether the claim can use the volume at all, whoever else has it. Answers what stands in the way. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const size = claim.spec?.resources?.requests?.storage ?? '0';
  if (compareQuantities(volume.spec?.capacity?.storage ?? '0', size) < 0) {
    return 'requested PV is too small';
  }
  if ((storageClassOf(volume) ?? '') !== (storageClassOf(claim) ?? '')) {
    return 'storageClassName does not match';
  }
  if ((volume.spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem')) {
    return 'incompatible volumeMode';
  }
  const offered = volume.spec?.accessModes ?? [];
  if (!(claim.spec?.accessModes ?? []).every((mode) => offered.includes(mode))) {
    return 'incompatible accessMode';
  }
  return undefined;
}

export interface MatchOptions {
  /** Only volumes that were reserved for the claim: the choice is the scheduler's. */
  readonly onlyReserved?: boolean;
  /** The nodes on which the volume has to be reachable. */
  readonly accessible?: (volume: Volume) => boolean;
  /** Those that can be mounted in fewest ways come first, whatever their size: so the binder spares the others. */
  readonly fewestModes?: boolean;
  /** Volumes that are spoken for. */
  readonly taken?: ReadonlySet<string>;
}

/** The volume for the claim: one that is reserved for it, else the smallest that is large enough. */
export function findVolume(
  claim: Claim,
  volumes: readonly Volume[],
  options: MatchOptions = {},
): Volume | undefined {
  const reserved = volumes.find((volume) => isMeantFor(volume, claim));
  if (reserved && !mismatch(reserved, claim) && (options.accessible?.(reserved) ?? true)) return reserved;
  if (options.onlyReserved) return undefined;
  const selector = claim.spec?.selector ? selectorFromLabelSelector(claim.spec.selector) : undefined;
  let best: Volume | undefined;
  for (const volume of volumes) {
    if (volume.spec?.claimRef || volume.metadata.deletionTimestamp) continue;
    if (volume.status?.phase !== 'Available' || options.taken?.has(volume.metadata.name)) continue;
    if (mismatch(volume, claim)) continue;
    if (selector && !selector.matches(volume.metadata.labels ?? {})) continue;
    if (options.accessible && !options.accessible(volume)) continue;
    if (!best || comesFirst(volume, best, options)) best = volume;
  }
  return best;
}

/** Equally large ones go by name, so that everybody who asks gets the same answer. */
function comesFirst(a: Volume, b: Volume, { fewestModes }: MatchOptions): boolean {
  const modes = (volume: Volume) => (fewestModes ? (volume.spec?.accessModes?.length ?? 0) : 0);
  if (modes(a) !== modes(b)) return modes(a) < modes(b);
  const order = compareQuantities(a.spec?.capacity?.storage ?? '0', b.spec?.capacity?.storage ?? '0');
  return order < 0 || (order === 0 && a.metadata.name < b.metadata.name);
}
