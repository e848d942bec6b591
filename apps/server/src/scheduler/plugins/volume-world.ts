import type { Informer } from '@wheelhouse/shared/client/informer';
import { type PersistentVolume, persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import { BIND_COMPLETED, claimNamesOf } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { type CSINode, csiNodeKind } from '@wheelhouse/shared/kinds/storage/csi-node';
import { type StorageClass, storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { PluginHandle } from '../framework/handle';
import type { ClusterEventKind } from '../framework/plugin';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import { matchesAnyTerm } from './node-requirements';

export type Claim = Stored<PersistentVolumeClaim>;
export type Volume = Stored<PersistentVolume>;

/** What the volume plugins of one scheduler know, shared by all of them. */
export interface VolumeWorld {
  readonly claims: Informer<PersistentVolumeClaim>;
  readonly volumes: Informer<PersistentVolume>;
  readonly classes: Informer<StorageClass>;
  readonly csiNodes: Informer<CSINode>;
}

const worlds = new WeakMap<PluginHandle, VolumeWorld>();

/** Index of volumes by the name of their class. */
export const BY_CLASS = 'class';

export function volumeWorld(handle: PluginHandle): VolumeWorld {
  const known = worlds.get(handle);
  if (known) return known;
  const world: VolumeWorld = {
    claims: handle.informer(persistentVolumeClaimKind),
    volumes: handle.informer(persistentVolumeKind, {
      indexes: { [BY_CLASS]: (volume) => [storageClassOf(volume) ?? ''] },
    }),
    classes: handle.informer(storageClassKind),
    csiNodes: handle.informer(csiNodeKind),
  };
  const tell = (kind: ClusterEventKind) => {
    const notify = (object: unknown) => handle.notify({ kind, object });
    return { added: notify, updated: notify };
  };
  world.claims.subscribe(tell('claim-changed'));
  world.volumes.subscribe(tell('volume-changed'));
  world.classes.subscribe(tell('storage-class-changed'));
  world.csiNodes.subscribe(tell('csi-node-changed'));
  worlds.set(handle, world);
  return world;
}

/** The claims that the pod's volumes stand for; undefined in the place of one that is not there. */
export function claimsOf(
  { pod, namespace }: PodInfo,
  world: VolumeWorld,
): { name: string; claim: Claim | undefined }[] {
  return claimNamesOf(pod).map((name) => ({ name, claim: world.claims.get(`${namespace}/${name}`) }));
}

/** The binder has finished with it. */
export function isBound(claim: PersistentVolumeClaim): boolean {
  return Boolean(claim.spec?.volumeName) && claim.metadata?.annotations?.[BIND_COMPLETED] !== undefined;
}

/** The volumes of the pod that are bound already. */
export function boundVolumes(pod: PodInfo, world: VolumeWorld): Volume[] {
  return claimsOf(pod, world).flatMap(({ claim }) => {
    const volume = claim && isBound(claim) ? world.volumes.get(claim.spec?.volumeName ?? '') : undefined;
    return volume ? [volume] : [];
  });
}

/** Whether the volume can be reached from the node. */
export function reachable(volume: PersistentVolume, node: NodeInfo): boolean {
  const required = volume.spec?.nodeAffinity?.required;
  return !required || matchesAnyTerm(node, required.nodeSelectorTerms);
}
