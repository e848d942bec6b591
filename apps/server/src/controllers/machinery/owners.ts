import { apiVersionOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, OwnerReference, Stored } from '@wheelhouse/shared/meta/object';

/** The one owner that manages the object. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

/** The reference that makes `owner` the managing controller of what carries it. */
export function controllerReference(type: ResourceType, owner: Stored<KubeObject>): OwnerReference {
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** True when `reference` names an object of this type (any version of its group). */
export function refersTo(reference: OwnerReference, type: ResourceType): boolean {
  const slash = reference.apiVersion.indexOf('/');
  const group = slash < 0 ? '' : reference.apiVersion.slice(0, slash);
  return reference.kind === type.kind && group === type.group;
}
