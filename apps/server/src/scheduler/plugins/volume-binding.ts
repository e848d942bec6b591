import type { Client } from '@wheelhouse/shared/client/client';
import { persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import { persistentVolumeClaimKind } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import { ephemeralClaimName, SELECTED_NODE } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { keyOf } from '@wheelhouse/shared/meta/object';
import { volumeForClaim } from '../../controllers/persistentvolume-binder/bond';
import type { PluginHandle } from '../framework/handle';
import type { Plugin } from '../framework/plugin';
import { type Rejection, rejection } from '../framework/rejection';
import type { PodInfo } from '../snapshot/pod-info';
import { chooseVolumes, type VolumeChoice } from './volume-choice';
import {
  type Claim,
  claimsOf,
  isBound,
  reachable,
  type Volume,
  type VolumeWorld,
  volumeWorld,
} from './volume-world';
import { waitForClaims } from './wait-for-claims';

const NODE_CONFLICT = rejection('node(s) had volume node affinity conflict', { unresolvable: true });
const NO_VOLUME = rejection("node(s) didn't find available persistent volumes to bind", {
  unresolvable: true,
});
const VOLUME_GONE = 'node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)';
const UNBOUND = 'pod has unbound immediate PersistentVolumeClaims';
const DEFAULT_PATIENCE_SECONDS = 600;

/** Made once a cycle. */
interface State {
  readonly bound: readonly Volume[];
  /** Claims that wait for the scheduler's choice. */
  readonly waiting: readonly Claim[];
}

interface Reservation {
  readonly node: string;
  readonly claims: readonly Claim[];
  readonly choice: VolumeChoice;
}

/**
 * Places pods where their volumes are or can be. For claims that wait for their first consumer it chooses: a volume
 * that is there, or a new one on the pod's node; before the pod is bound it writes the choice down and waits for the
 * binder. What was promised to a pod on its way counts for the next one at once.
 */
export function volumeBinding(
  handle: PluginHandle,
  { bindTimeoutSeconds = DEFAULT_PATIENCE_SECONDS }: { bindTimeoutSeconds?: number } = {},
): Plugin {
  const world = volumeWorld(handle);
  const reservations = new Map<string, Reservation>();

  const promises = () => {
    const volumes = new Map<string, string>();
    const nodes = new Map<string, string>();
    for (const { node, choice } of reservations.values()) {
      for (const { claim, volume } of choice.bind) volumes.set(volume.metadata.name, keyOf(claim));
      for (const claim of choice.provision) nodes.set(keyOf(claim), node);
    }
    return { volumes, nodes };
  };

  return {
    name: 'VolumeBinding',
    scope: 'cluster',
    retryOn: ['node-added', 'node-changed', 'claim-changed', 'volume-changed', 'storage-class-changed'],

    preFilter({ pod }) {
      const found = inspect(pod, world);
      if ('reasons' in found) return { kind: 'reject', rejection: found };
      if (!found.bound.length && !found.waiting.length) return { kind: 'skip' };
      return { kind: 'check', state: { ...found, promises: found.waiting.length ? promises() : undefined } };
    },

    filter(_cycle, node, state) {
      // As made by preFilter above.
      const {
        bound,
        waiting,
        promises: promised,
      } = state as State & { promises: ReturnType<typeof promises> };
      for (const volume of bound) if (!reachable(volume, node)) return NODE_CONFLICT;
      if (!waiting.length) return undefined;
      return chooseVolumes(waiting, node, { world, promises: promised }) ? undefined : NO_VOLUME;
    },

    shortfalls(_cycle, node, state) {
      const { bound } = state as State; // made by preFilter above
      const far = bound.filter((volume) => !reachable(volume, node));
      if (far.length === 0)
        return [{ kind: 'volume', change: `a free volume were within reach of ${node.name}` }];
      return far.map(({ metadata }) => ({
        kind: 'volume',
        change: `the volume ${metadata.name} could be reached from ${node.name}`,
      }));
    },

    reserve({ pod, snapshot }, name) {
      const found = inspect(pod, world);
      if ('reasons' in found) return found;
      const node = snapshot.node(name);
      if (!found.waiting.length || !node) return undefined;
      const choice = chooseVolumes(found.waiting, node, { world, promises: promises() });
      if (!choice) return NO_VOLUME;
      reservations.set(pod.uid, { node: name, claims: found.waiting, choice });
      return undefined;
    },

    unreserve({ pod }) {
      reservations.delete(pod.uid);
    },

    async preBind({ pod }, _node, signal) {
      const reservation = reservations.get(pod.uid);
      if (!reservation || !handle.client) return;
      await writeDown(handle.client, reservation);
      await waitForClaims(world, {
        claims: reservation.claims,
        node: reservation.node,
        signal,
        clock: handle.clock,
        timeoutMs: bindTimeoutSeconds * 1000,
      });
      reservations.delete(pod.uid);
    },
  };
}

/** Sorts the pod's claims, or says why no node can do. */
function inspect(pod: PodInfo, world: VolumeWorld): State | Rejection {
  const bound: Volume[] = [];
  const waiting: Claim[] = [];
  for (const { name, claim } of claimsOf(pod, world)) {
    if (!claim) {
      return refuse(
        isEphemeral(pod, name)
          ? `waiting for ephemeral volume controller to create the persistentvolumeclaim "${name}"`
          : `persistentvolumeclaim "${name}" not found`,
      );
    }
    if (claim.metadata.deletionTimestamp) return refuse(`persistentvolumeclaim "${name}" is being deleted`);
    const volumeName = claim.spec?.volumeName ?? '';
    if (claim.status?.phase === 'Lost') {
      return refuse(`persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${volumeName}"`);
    }
    if (isBound(claim)) {
      const volume = world.volumes.get(volumeName);
      if (!volume) return refuse(VOLUME_GONE);
      bound.push(volume);
    } else if (!volumeName && waitsForConsumer(claim, world)) waiting.push(claim);
    else return refuse(UNBOUND);
  }
  return { bound, waiting };
}

/** Made for this very pod. */
function isEphemeral({ pod }: PodInfo, claimName: string): boolean {
  return (pod.spec?.volumes ?? []).some(
    (volume) => volume.ephemeral && ephemeralClaimName(pod, volume.name) === claimName,
  );
}

function refuse(reason: string): Rejection {
  return rejection(reason, { unresolvable: true });
}

function waitsForConsumer(claim: Claim, world: VolumeWorld): boolean {
  const className = storageClassOf(claim);
  const storageClass = className ? world.classes.get(className) : undefined;
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}

async function writeDown(client: Client, { node, choice }: Reservation): Promise<void> {
  for (const { claim, volume } of choice.bind) {
    const reserved = volumeForClaim(volume, claim);
    if (reserved) await client.update(persistentVolumeKind, reserved);
  }
  for (const claim of choice.provision) {
    if (claim.metadata.annotations?.[SELECTED_NODE] === node) continue;
    const { metadata } = claim;
    const annotations = { ...metadata.annotations, [SELECTED_NODE]: node };
    await client.update(persistentVolumeClaimKind, { ...claim, metadata: { ...metadata, annotations } });
  }
}
