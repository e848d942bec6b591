import type { Client } from '@wheelhouse/shared/client/client';
import { isNotFound } from '@wheelhouse/shared/errors';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { type KubeObject, keyOf, type Stored } from '@wheelhouse/shared/meta/object';
import { controllerOf, controllerReference } from './owners';

export interface ClaimOptions<O extends KubeObject, M extends KubeObject> {
  readonly ownerType: ResourceType<O>;
  readonly owner: Stored<O>;
  readonly memberType: ResourceType<M>;
  /** What it owns and what nobody owns; the latter only where it may be taken over. */
  readonly candidates: readonly Stored<M>[];
  matches(member: Stored<M>): boolean;
}

/**
 * Takes over what matches and has no controller, lets go of what matches no longer. Resolves with whether anything
 * was written; then the cache has to be read again. Nothing is claimed for an owner that is on its way out.
 */
export async function claimMembers<O extends KubeObject, M extends KubeObject>(
  client: Client,
  options: ClaimOptions<O, M>,
): Promise<boolean> {
  const { ownerType, owner, memberType, candidates, matches } = options;
  const { uid, deletionTimestamp } = owner.metadata;
  if (deletionTimestamp) return false;
  const living = candidates.filter(({ metadata }) => !metadata.deletionTimestamp);
  const adopt = living.filter((member) => !controllerOf(member) && matches(member));
  const release = living.filter((member) => controllerOf(member)?.uid === uid && !matches(member));
  if (adopt.length === 0 && release.length === 0) return false;
  if (adopt.length > 0) {
    // The cache may not know yet that the owner is gone; what it adopts would then be deleted with it.
    const fresh = await client.get(ownerType, owner.metadata);
    if (fresh.metadata.uid !== uid || fresh.metadata.deletionTimestamp) {
      throw new Error(`${ownerType.kind} ${keyOf(owner)} has been deleted meanwhile, so adopts nothing`);
    }
  }
  const reference = controllerReference(ownerType, owner);
  for (const member of [...adopt, ...release]) {
    const { uid: memberUid, resourceVersion, ownerReferences = [] } = member.metadata;
    const rest = ownerReferences.filter((other) => other.uid !== uid);
    const references = adopt.includes(member) ? [...rest, reference] : rest;
    const body = { metadata: { uid: memberUid, resourceVersion, ownerReferences: references } };
    try {
      await client.patch(memberType, member.metadata, { type: 'merge', body });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  return true;
}
