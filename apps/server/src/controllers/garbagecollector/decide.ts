import type { OwnerReference } from '@wheelhouse/shared/meta/object';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';

/** What the server said of an owner just now. */
export type OwnerState =
  /** It exists and stays. */
  | 'solid'
  /** It is being deleted in the foreground: it waits for its dependents. */
  | 'waiting'
  /** There is no such object, or another one has its name. */
  | 'absent';

export type Verdict =
  | { readonly do: 'keep' }
  /** Some owners are gone or on their way out; the object goes on without them. */
  | { readonly do: 'drop-owners'; readonly uids: readonly string[] }
  | {
      readonly do: 'delete';
      readonly policy: 'Background' | 'Foreground' | 'Orphan';
      /** It closes a circle of owners: none of its own has to wait for it any more, or all would wait for ever. */
      readonly unblocks?: true;
    };

/**
 * What becomes of an object that is not being deleted. It goes only when none of its owners stays; objects without
 * owners are nobody's garbage. How its own dependents are treated follows from the finalizers it already carries,
 * or from an owner that waits in the foreground.
 */
export function judge(
  owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[],
  object: {
    readonly finalizers: readonly string[];
    readonly hasDependents: boolean;
    /** Something that it owns waits, in the foreground, for what that owns. */
    readonly hasWaitingDependents?: boolean;
  },
): Verdict {
  if (owners.length === 0) return { do: 'keep' };
  const leaving = owners.filter(({ state }) => state !== 'solid').map(({ reference }) => reference.uid);
  if (leaving.length < owners.length) {
    return leaving.length > 0 ? { do: 'drop-owners', uids: leaving } : { do: 'keep' };
  }
  if (owners.some(({ state }) => state === 'waiting') && object.hasDependents) {
    return { do: 'delete', policy: 'Foreground', ...(object.hasWaitingDependents ? { unblocks: true } : {}) };
  }
  if (object.finalizers.includes(ORPHAN)) return { do: 'delete', policy: 'Orphan' };
  return { do: 'delete', policy: object.finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background' };
}

/** True while this owner's deletion has to wait for the dependent. */
export function blocks(dependent: { readonly owners: readonly OwnerReference[] }, ownerUid: string): boolean {
  return dependent.owners.some(
    ({ uid, blockOwnerDeletion }) => uid === ownerUid && blockOwnerDeletion === true,
  );
}
