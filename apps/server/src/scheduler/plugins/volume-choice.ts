import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import { SELECTED_NODE } from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { StorageClass } from '@wheelhouse/shared/kinds/storage/storage-class';
import { keyOf } from '@wheelhouse/shared/meta/object';
import { findVolume } from '../../controllers/persistentvolume-binder/match';
import type { NodeInfo } from '../snapshot/node-info';
import { BY_CLASS, type Claim, reachable, type Volume, type VolumeWorld } from './volume-world';

/** What is to be done for the waiting claims of a pod on one node. */
export interface VolumeChoice {
  /** Volumes that are there, reserved for their claims. */
  readonly bind: readonly { readonly claim: Claim; readonly volume: Volume }[];
  /** Claims whose volumes are made on the node. */
  readonly provision: readonly Claim[];
}

/** What pods that are on their way have been promised. */
export interface Promises {
  /** Claim by volume. */
  readonly volumes: ReadonlyMap<string, string>;
  /** Node by claim. */
  readonly nodes: ReadonlyMap<string, string>;
}

/** The volumes that the claims would get on the node: what is there first, else a new one. Undefined: none fit. */
export function chooseVolumes(
  claims: readonly Claim[],
  node: NodeInfo,
  { world, promises }: { world: VolumeWorld; promises: Promises },
): VolumeChoice | undefined {
  const bind: { claim: Claim; volume: Volume }[] = [];
  const provision: Claim[] = [];
  const taken = new Set<string>();
  for (const claim of claims) {
    const key = keyOf(claim);
    const selected = promises.nodes.get(key) ?? claim.metadata.annotations?.[SELECTED_NODE];
    if (selected !== undefined) {
      // Its volume is being made; another node is no choice any more.
      if (selected !== node.name) return undefined;
      provision.push(claim);
      continue;
    }
    const candidates = world.volumes
      .byIndex(BY_CLASS, storageClassOf(claim) ?? '')
      .filter(({ metadata }) => (promises.volumes.get(metadata.name) ?? key) === key);
    const volume = findVolume(claim, candidates, {
      taken,
      accessible: (one) => reachable(one, node),
    });
    if (volume) {
      taken.add(volume.metadata.name);
      bind.push({ claim, volume });
      continue;
    }
    const storageClass = world.classes.get(storageClassOf(claim) ?? '');
    if (!storageClass || !mayProvision(storageClass, node)) return undefined;
    provision.push(claim);
  }
  return { bind, provision };
}

function mayProvision({ provisioner, allowedTopologies }: StorageClass, node: NodeInfo): boolean {
  if (!provisioner || provisioner === 'kubernetes.io/no-provisioner') return false;
  if (!allowedTopologies?.length) return true;
  return allowedTopologies.some((term) =>
    (term.matchLabelExpressions ?? []).every(({ key, values }) => {
      const label = node.traits.labels[key];
      return label !== undefined && values.includes(label);
    }),
  );
}
