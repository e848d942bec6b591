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
  /** Disks named in the pod itself. */
  readonly disks: readonly Disk[];
}

interface Disk {
  readonly id: string;
  /** Mounted for reading only, by everybody, a disk can be shared. */
  readonly shared: boolean;
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
      const disks = disksOf(pod);
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
        if (disksOf(other).some((disk) => disks.some((own) => collide(disk, own)))) return DISK_IN_USE;
      }
      return undefined;
    },

    shortfalls({ snapshot }, node, state) {
      const { holders } = state as State; // made by preFilter above
      const held = holders.some(({ node: name, uid }) => snapshot.node(name)?.pods.has(uid));
      const change = held
        ? 'no other pod had the claim, which is for one pod alone'
        : `no pod on ${node.name} had the same disk`;
      return [{ kind: 'volume', change }];
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

const collide = (a: Disk, b: Disk): boolean => a.id === b.id && !(a.shared && b.shared);

function disksOf({ pod }: PodInfo): Disk[] {
  return (pod.spec?.volumes ?? []).flatMap(disksIn);
}

/** The disks that a node mounts once. Those of AWS are never shared; one of Ceph is known by each of its monitors. */
function disksIn({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: PodVolume): Disk[] {
  const disk = (id: string, readOnly: boolean | undefined) => ({ id, shared: readOnly ?? false });
  if (gcePersistentDisk) return [disk(`gce/${gcePersistentDisk.pdName}`, gcePersistentDisk.readOnly)];
  if (awsElasticBlockStore) return [disk(`aws/${awsElasticBlockStore.volumeID}`, false)];
  if (iscsi) return [disk(`iscsi/${iscsi.iqn}`, iscsi.readOnly)];
  if (!rbd) return [];
  const { monitors, pool = 'rbd', image, readOnly } = rbd;
  return monitors.map((monitor) => disk(`rbd/${monitor}/${pool}/${image}`, readOnly));
}
