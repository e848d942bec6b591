import { claimNamesOf } from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { Volume as PodVolume } from 'kubernetes-types/core/v1';
import type { PluginHandle } from '../framework/handle';
import type { Plugin } from '../framework/plugin';
import { rejection } from '../framework/rejection';
import type { NodeInfo } from '../snapshot/node-info';
import type { PodInfo } from '../snapshot/pod-info';
import { claimsOf, volumeWorld } from './volume-world';

const CLAIM_IN_USE = rejection(
  'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode',
);
const DISK_IN_USE = rejection('node(s) had no available disk');

interface State {
  /** Pods that have a claim which only one pod may have, with their nodes. */
  readonly holders: readonly { readonly node: string; readonly uid: string }[];
  /** Disks named in the pod itself which a node can give to one pod only. */
  readonly disks: readonly string[];
}

/** A volume for one pod goes to one pod; a disk that cannot be shared is not mounted twice on a node. */
export function volumeRestrictions(handle: PluginHandle): Plugin {
  const world = volumeWorld(handle);
  return {
    name: 'VolumeRestrictions',
    scope: 'cluster',
    retryOn: ['pod-removed', 'node-added', 'claim-changed'],

    preFilter({ pod, snapshot }) {
      const single = claimsOf(pod, world)
        .filter(({ claim }) => claim?.spec?.accessModes?.includes('ReadWriteOncePod'))
        .map(({ name }) => name);
      const disks = exclusiveDisks(pod);
      if (!single.length && !disks.length) return { kind: 'skip' };
      const holders = single.length ? holdersOf(single, pod, snapshot.nodes) : [];
      return { kind: 'check', state: { holders, disks } satisfies State };
    },

    filter({ snapshot }, node, state) {
      // As made by preFilter above.
      const { holders, disks } = state as State;
      for (const { node: name, uid } of holders) {
        if (snapshot.node(name)?.pods.has(uid)) return CLAIM_IN_USE;
      }
      if (!disks.length) return undefined;
      for (const other of node.pods.values()) {
        if (exclusiveDisks(other).some((disk) => disks.includes(disk))) return DISK_IN_USE;
      }
      return undefined;
    },
  };
}

function holdersOf(claims: readonly string[], pod: PodInfo, nodes: readonly NodeInfo[]) {
  const holders: { node: string; uid: string }[] = [];
  for (const node of nodes) {
    for (const other of node.pods.values()) {
      if (other.namespace !== pod.namespace || other.uid === pod.uid) continue;
      if (claimNamesOf(other.pod).some((name) => claims.includes(name)))
        holders.push({ node: node.name, uid: other.uid });
    }
  }
  return holders;
}

function exclusiveDisks({ pod }: PodInfo): string[] {
  return (pod.spec?.volumes ?? []).flatMap((volume) => diskOf(volume) ?? []);
}

/** Disks mounted for reading only may be shared, but for those of AWS. */
function diskOf({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: PodVolume): string | undefined {
  if (gcePersistentDisk && !gcePersistentDisk.readOnly) return `gce/${gcePersistentDisk.pdName}`;
  if (awsElasticBlockStore) return `aws/${awsElasticBlockStore.volumeID}`;
  if (iscsi && !iscsi.readOnly) return `iscsi/${iscsi.iqn}`;
  if (rbd && !rbd.readOnly) return `rbd/${rbd.monitors.join()}/${rbd.pool ?? ''}/${rbd.image}`;
  return undefined;
}
