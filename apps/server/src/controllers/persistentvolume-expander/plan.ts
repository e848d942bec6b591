import type { PersistentVolume } from '@wheelhouse/shared/kinds/core/persistent-volume';
import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { HOST_PATH_DRIVER } from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { compareQuantities } from '@wheelhouse/shared/meta/quantity';

type Claim = Stored<PersistentVolumeClaim>;
type Volume = Stored<PersistentVolume>;

export type ExpandPlan =
  | { readonly kind: 'nothing' }
  /** A driver from outside has to do it. */
  | { readonly kind: 'external'; readonly message: string }
  /** Mark the claim as being resized. */
  | { readonly kind: 'begin'; readonly claim: Claim }
  | { readonly kind: 'grow-volume'; readonly volume: Volume }
  | { readonly kind: 'finish'; readonly claim: Claim };

/**
 * The next step of a claim that asks for more than it has. A directory of a node needs nothing but the new numbers:
 * first the claim says that it is being resized, then the volume has the new size, then the claim.
 */
export function planExpansion(claim: Claim, volume: Volume | undefined, now: Date): ExpandPlan {
  const wanted = claim.spec?.resources?.requests?.storage;
  const held = claim.status?.capacity?.storage;
  if (claim.status?.phase !== 'Bound' || !volume || wanted === undefined || held === undefined) {
    return { kind: 'nothing' };
  }
  if (volume.spec?.claimRef?.uid !== claim.metadata.uid || compareQuantities(wanted, held) <= 0) {
    return { kind: 'nothing' };
  }
  if (volume.spec.csi?.driver !== HOST_PATH_DRIVER) {
    return { kind: 'external', message: 'waiting for an external controller to expand this PVC' };
  }
  const conditions = claim.status.conditions ?? [];
  const others = conditions.filter(({ type }) => type !== 'Resizing' && type !== 'FileSystemResizePending');
  const grown = compareQuantities(volume.spec.capacity?.storage ?? '0', wanted) >= 0;
  if (!grown && !conditions.some(({ type, status }) => type === 'Resizing' && status === 'True')) {
    const lastTransitionTime = `${now.toISOString().slice(0, 19)}Z`;
    const resizing = { type: 'Resizing', status: 'True', lastTransitionTime };
    const allocatedResources = { ...claim.status.allocatedResources, storage: wanted };
    const status = {
      ...claim.status,
      allocatedResources,
      allocatedResourceStatuses: {
        ...claim.status.allocatedResourceStatuses,
        storage: 'ControllerResizeInProgress',
      },
      conditions: [...others, resizing],
    };
    return { kind: 'begin', claim: { ...claim, status } };
  }
  if (!grown) {
    const capacity = { ...volume.spec.capacity, storage: wanted };
    return { kind: 'grow-volume', volume: { ...volume, spec: { ...volume.spec, capacity } } };
  }
  const { conditions: _, allocatedResourceStatuses: __, ...status } = claim.status;
  const capacity = { ...claim.status.capacity, storage: volume.spec.capacity?.storage ?? wanted };
  return {
    kind: 'finish',
    claim: { ...claim, status: { ...status, capacity, ...(others.length ? { conditions: others } : {}) } },
  };
}
