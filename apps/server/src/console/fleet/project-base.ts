import type { FleetOwner } from '@wheelhouse/shared/console/protocol';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';

/** The fields that every namespaced projection begins with. */
export function base(object: Stored<KubeObject>): {
  namespace: string;
  name: string;
  uid: string;
  created: string;
} {
  const { namespace = '', name, uid, creationTimestamp } = object.metadata;
  return { namespace, name, uid, created: creationTimestamp ?? '' };
}

export function clusterBase(object: Stored<KubeObject>): { name: string; uid: string; created: string } {
  const { name, uid, creationTimestamp } = object.metadata;
  return { name, uid, created: creationTimestamp ?? '' };
}

export function controllerOf(object: Stored<KubeObject>): FleetOwner | undefined {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller);
  return owner && { kind: owner.kind, name: owner.name, uid: owner.uid };
}
