import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@wheelhouse/shared/client/client';
import { isNotFound } from '@wheelhouse/shared/errors';
import { type PersistentVolume, persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import {
  ephemeralClaimName,
  HOST_PATH_DRIVER,
  HOST_PATH_NODE_LABEL,
} from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Volume } from 'kubernetes-types/core/v1';
import { MountError } from '../config-error';

export interface PersistentVolumesOptions {
  readonly client: Client;
  readonly nodeName: string;
  /** Holds one directory for each volume that lives on this node; outlives pods. */
  readonly directory: string;
  /** Called before such a directory is made. */
  onUse(): void;
}

/** Where the bytes of a claim are on this node. */
export type VolumeLocation =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'host-path'; readonly path: string; readonly type: string };

/** Finds what the claims of pods stand for. */
export class PersistentVolumes {
  constructor(private readonly options: PersistentVolumesOptions) {}

  /** Undefined for volumes that name no claim. Throws MountError while the claim has no volume to mount here. */
  async locate(pod: Stored<Pod>, volume: Volume): Promise<VolumeLocation | undefined> {
    const name = volume.ephemeral
      ? ephemeralClaimName(pod, volume.name)
      : volume.persistentVolumeClaim?.claimName;
    if (name === undefined) return undefined;
    const { namespace } = pod.metadata;
    const claim = await this.#find(persistentVolumeClaimKind, { namespace, name });
    if (!claim) throw new MountError(`persistentvolumeclaim "${name}" not found`);
    if (volume.ephemeral && !claim.metadata.ownerReferences?.some(({ uid }) => uid === pod.metadata.uid)) {
      throw new MountError(`persistentvolumeclaim "${name}" was not made for this pod`);
    }
    return this.#locate(await this.#volumeOf(claim));
  }

  async #volumeOf(claim: Stored<PersistentVolumeClaim>): Promise<Stored<PersistentVolume>> {
    const { name } = claim.metadata;
    if (claim.status?.phase !== 'Bound' || !claim.spec?.volumeName) {
      throw new MountError(`persistentvolumeclaim "${name}" is not bound`);
    }
    const volume = await this.#find(persistentVolumeKind, { name: claim.spec.volumeName });
    if (!volume) throw new MountError(`persistentvolume "${claim.spec.volumeName}" not found`);
    if (volume.spec?.claimRef?.uid !== claim.metadata.uid) {
      throw new MountError(`persistentvolume "${volume.metadata.name}" is not bound to claim "${name}"`);
    }
    if (volume.spec.volumeMode === 'Block') {
      throw new MountError(`persistentvolume "${volume.metadata.name}" is a block device`);
    }
    return volume;
  }

  async #locate({ metadata, spec }: Stored<PersistentVolume>): Promise<VolumeLocation> {
    if (spec?.hostPath) {
      return { kind: 'host-path', path: spec.hostPath.path, type: spec.hostPath.type ?? '' };
    }
    if (spec?.local) {
      const found = await stat(spec.local.path).catch(() => undefined);
      if (!found) throw new MountError(`path "${spec.local.path}" does not exist`);
      return { kind: 'directory', path: spec.local.path };
    }
    if (spec?.csi?.driver !== HOST_PATH_DRIVER) {
      throw new MountError('volumes of this type are not supported on this node');
    }
    // Anywhere else an empty directory would look like lost data.
    if (metadata.labels?.[HOST_PATH_NODE_LABEL] !== this.options.nodeName) {
      throw new MountError(`persistentvolume "${metadata.name}" is on another node`);
    }
    const path = hostPathDirectory(this.options.directory, spec.csi.volumeHandle);
    this.options.onUse();
    await mkdir(path, { recursive: true, mode: 0o777 });
    return { kind: 'directory', path };
  }

  async #find<T extends KubeObject>(
    type: ResourceType<T>,
    reference: { name: string; namespace?: string | undefined },
  ): Promise<Stored<T> | undefined> {
    try {
      return await this.options.client.get(type, reference);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

/** The handle becomes a file name: it must not lead anywhere else. */
export function hostPathDirectory(directory: string, handle: string): string {
  if (!/^[a-z0-9][-.a-z0-9]*$/.test(handle)) {
    throw new MountError(`volume handle ${JSON.stringify(handle)} names no directory`);
  }
  return join(directory, handle);
}
