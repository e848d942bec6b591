import type { PersistentVolume } from '@wheelhouse/shared/kinds/core/persistent-volume';
import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER } from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { sameJson } from '../machinery/same-json';

/**
 * The four writes that bind a volume and a claim, in this order: volume, its phase, claim, its status. Each function
 * answers the object to be written, or undefined when there is nothing left to do; after a crash between two of
 * them the next round goes on where the last one ended.
 */

type Volume = Stored<PersistentVolume>;
type Claim = Stored<PersistentVolumeClaim>;

export function volumeForClaim(volume: Volume, claim: Claim): Volume | undefined {
  if (volume.spec?.claimRef?.uid === claim.metadata.uid) return undefined;
  const { namespace, name, uid, resourceVersion } = claim.metadata;
  const reserved = volume.spec?.claimRef !== undefined;
  const claimRef = {
    kind: 'PersistentVolumeClaim',
    apiVersion: 'v1',
    namespace,
    name,
    uid,
    resourceVersion,
  };
  return {
    ...volume,
    metadata: reserved ? volume.metadata : annotated(volume.metadata, [BOUND_BY_CONTROLLER]),
    spec: { ...volume.spec, claimRef },
  };
}

export function claimForVolume(claim: Claim, volume: Volume): Claim | undefined {
  const { name } = volume.metadata;
  const chosen = claim.spec?.volumeName === undefined || claim.spec.volumeName === '';
  const complete = claim.metadata.annotations?.[BIND_COMPLETED] !== undefined;
  if (!chosen && complete) return undefined;
  const marks = chosen ? [BOUND_BY_CONTROLLER, BIND_COMPLETED] : [BIND_COMPLETED];
  return {
    ...claim,
    metadata: annotated(claim.metadata, marks),
    spec: { ...claim.spec, volumeName: name },
  };
}

export function boundStatus(claim: Claim, volume: Volume): Claim | undefined {
  const before = claim.status ?? {};
  const grows = before.phase === 'Bound' && before.capacity?.storage !== undefined;
  const status: NonNullable<Claim['status']> = {
    ...before,
    phase: 'Bound',
    accessModes: volume.spec?.accessModes ?? [],
    // Once bound, the size is the expander's to tell.
    capacity: grows ? before.capacity : { ...volume.spec?.capacity },
  };
  return sameJson(before, status) ? undefined : { ...claim, status };
}

function annotated<M extends { annotations?: Record<string, string> }>(
  metadata: M,
  keys: readonly string[],
): M {
  const annotations = { ...metadata.annotations };
  for (const key of keys) annotations[key] ??= 'yes';
  return { ...metadata, annotations };
}
