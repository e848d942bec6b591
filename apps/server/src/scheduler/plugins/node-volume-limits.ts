import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import type { PluginHandle } from '../framework/handle';
import type { Plugin } from '../framework/plugin';
import { rejection } from '../framework/rejection';
import type { PodInfo } from '../snapshot/pod-info';
import { claimsOf, isBound, type VolumeWorld, volumeWorld } from './volume-world';

const TOO_MANY = rejection('node(s) exceed max volume count');

/** A node takes as many volumes of a driver as its CSINode says. */
export function nodeVolumeLimits(handle: PluginHandle): Plugin {
  const world = volumeWorld(handle);
  return {
    name: 'NodeVolumeLimits',
    scope: 'node',
    retryOn: ['node-added', 'pod-removed', 'csi-node-changed', 'claim-changed'],

    preFilter({ pod }) {
      const volumes = driverVolumes(pod, world);
      return volumes.size ? { kind: 'check', state: volumes } : { kind: 'skip' };
    },

    filter(_cycle, node, state) {
      // As made by preFilter above.
      const wanted = state as ReadonlyMap<string, string>;
      const limits = world.csiNodes.get(node.name)?.spec?.drivers ?? [];
      for (const { name, allocatable } of limits) {
        const most = allocatable?.count;
        const fresh = [...wanted].filter(([, driver]) => driver === name).map(([volume]) => volume);
        if (most === undefined || !fresh.length) continue;
        // A volume that several pods of the node share counts once.
        const all = new Set(fresh);
        for (const other of node.pods.values()) {
          for (const [volume, driver] of driverVolumes(other, world)) if (driver === name) all.add(volume);
        }
        if (all.size > most) return TOO_MANY;
      }
      return undefined;
    },

    shortfalls(_cycle, node) {
      return [{ kind: 'volume', change: `${node.name} could take more volumes` }];
    },
  };
}

/** Driver by volume, for the volumes of a pod that a CSI driver has or will have. */
function driverVolumes(pod: PodInfo, world: VolumeWorld): Map<string, string> {
  const drivers = new Map<string, string>();
  if (!pod.pod.spec?.volumes?.length) return drivers;
  for (const volume of pod.pod.spec.volumes) {
    if (volume.csi) drivers.set(`${pod.uid}/${volume.name}`, volume.csi.driver);
  }
  for (const { name, claim } of claimsOf(pod, world)) {
    if (!claim) continue;
    const source = isBound(claim) ? world.volumes.get(claim.spec?.volumeName ?? '')?.spec?.csi : undefined;
    if (source) drivers.set(`${source.driver}/${source.volumeHandle}`, source.driver);
    else {
      const provisioner = world.classes.get(storageClassOf(claim) ?? '')?.provisioner;
      if (provisioner) drivers.set(`${pod.namespace}/${name}`, provisioner);
    }
  }
  return drivers;
}
