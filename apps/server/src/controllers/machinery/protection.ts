import type { ObjectMeta } from '@wheelhouse/shared/meta/object';

/**
 * The finalizers that an object under protection is to have, or undefined when they are right: the protection is put
 * on what has none, and taken off what is deleted once nobody uses it. Others' finalizers keep their places.
 */
export function protectedFinalizers(
  { finalizers = [], deletionTimestamp }: Pick<ObjectMeta, 'finalizers' | 'deletionTimestamp'>,
  protection: string,
  inUse: boolean,
): string[] | undefined {
  const held = finalizers.includes(protection);
  if (!deletionTimestamp) return held ? undefined : [...finalizers, protection];
  return held && !inUse ? finalizers.filter((one) => one !== protection) : undefined;
}
