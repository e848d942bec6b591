import type { PersistentVolume } from '@wheelhouse/shared/kinds/core/persistent-volume';
import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { storageClassOf } from '@wheelhouse/shared/kinds/core/volume-common';
import {
  BIND_COMPLETED,
  HOST_PATH_DRIVER,
  HOST_PATH_FINALIZER,
  HOST_PATH_NODE_LABEL,
  HOST_PATH_PROVISIONER,
  PROVISIONED_BY,
  SELECTED_NODE,
  STORAGE_PROVISIONER,
} from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { StorageClass } from '@wheelhouse/shared/kinds/storage/storage-class';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node } from 'kubernetes-types/core/v1';

const HOSTNAME = 'kubernetes.io/hostname';

export type ProvisionPlan =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'create'; readonly volume: PersistentVolume }
  /** The scheduler has to choose again: what it chose is no more. */
  | { readonly kind: 'reschedule'; readonly message: string }
  | { readonly kind: 'refuse'; readonly message: string };

export interface ProvisionWorld {
  readonly storageClass: Stored<StorageClass> | undefined;
  readonly nodes: readonly Stored<Node>[];
  volume(name: string): Stored<PersistentVolume> | undefined;
}

/** The volume for a claim that was handed to this provisioner; one claim always gets the same name. */
export function planProvision(claim: Stored<PersistentVolumeClaim>, world: ProvisionWorld): ProvisionPlan {
  const { metadata, spec } = claim;
  const annotations = metadata.annotations ?? {};
  if (annotations[STORAGE_PROVISIONER] !== HOST_PATH_PROVISIONER) return { kind: 'nothing' };
  if (annotations[BIND_COMPLETED] !== undefined || spec?.volumeName || metadata.deletionTimestamp) {
    return { kind: 'nothing' };
  }
  const { storageClass } = world;
  if (storageClass?.provisioner !== HOST_PATH_PROVISIONER) return { kind: 'nothing' };
  const name = `pvc-${metadata.uid}`;
  if (world.volume(name)) return { kind: 'nothing' };
  if (spec?.volumeMode === 'Block') return refuse('directories of a node cannot be block devices');
  if (spec?.dataSource || spec?.dataSourceRef) return refuse('volumes of this class begin empty');
  if (spec?.selector) return refuse('claim.spec.selector is not supported by this provisioner');

  const selected = annotations[SELECTED_NODE];
  const waits = storageClass.volumeBindingMode === 'WaitForFirstConsumer';
  if (waits && !selected) return { kind: 'nothing' };
  const node = selected
    ? world.nodes.find((one) => one.metadata.name === selected)
    : anyNode(world.nodes, storageClass, name);
  if (!node) {
    return selected
      ? { kind: 'reschedule', message: `node "${selected}" does not exist` }
      : refuse('there is no ready node for the volume');
  }
  if (!inTopologies(node, storageClass)) {
    const message = `node "${node.metadata.name}" is outside the topologies of class "${storageClass.metadata.name}"`;
    return selected ? { kind: 'reschedule', message } : refuse(message);
  }
  return { kind: 'create', volume: volumeOn(node, claim, storageClass) };
}

function refuse(message: string): ProvisionPlan {
  return { kind: 'refuse', message };
}

/** Claims that do not wait for a pod are spread by their names. */
function anyNode(
  nodes: readonly Stored<Node>[],
  storageClass: StorageClass,
  name: string,
): Stored<Node> | undefined {
  const usable = nodes
    .filter((node) => isReady(node) && !node.spec?.unschedulable && inTopologies(node, storageClass))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) % 65_521;
  return usable[hash % usable.length];
}

function isReady(node: Node): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Any term that the class allows is enough. */
function inTopologies(node: Stored<Node>, { allowedTopologies }: StorageClass): boolean {
  if (!allowedTopologies?.length) return true;
  return allowedTopologies.some((term) =>
    (term.matchLabelExpressions ?? []).every(({ key, values }) =>
      values.includes(node.metadata.labels?.[key] ?? ''),
    ),
  );
}

function volumeOn(
  node: Stored<Node>,
  claim: Stored<PersistentVolumeClaim>,
  storageClass: Stored<StorageClass>,
): PersistentVolume {
  const name = `pvc-${claim.metadata.uid}`;
  const { namespace, uid, resourceVersion } = claim.metadata;
  const hostname = node.metadata.labels?.[HOSTNAME] ?? node.metadata.name;
  const className = storageClassOf(claim);
  return {
    kind: 'PersistentVolume',
    apiVersion: 'v1',
    metadata: {
      name,
      annotations: { [PROVISIONED_BY]: HOST_PATH_PROVISIONER },
      labels: { [HOST_PATH_NODE_LABEL]: node.metadata.name },
      finalizers: [HOST_PATH_FINALIZER],
    },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage: claim.spec?.resources?.requests?.storage ?? '0' },
      claimRef: {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        namespace,
        name: claim.metadata.name,
        uid,
        resourceVersion,
      },
      csi: { driver: HOST_PATH_DRIVER, volumeHandle: name },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      ...(className ? { storageClassName: className } : {}),
      ...(storageClass.mountOptions ? { mountOptions: storageClass.mountOptions } : {}),
      volumeMode: 'Filesystem',
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: HOSTNAME, operator: 'In', values: [hostname] }] }],
        },
      },
    },
  };
}
