import { isNamespaceTerminating } from '@wheelhouse/shared/errors';

/**
 * Runs `action` `count` times in batches of 1, 2, 4, 8 …, each batch at once, and stops after the first batch with a
 * failure: when creations are refused (quota, admission) one refusal is seen, not five hundred. That the namespace is
 * being deleted is no failure: nothing can be made there any more, and nothing needs to be.
 */
export async function slowStart(
  count: number,
  action: (index: number) => Promise<void>,
): Promise<{ succeeded: number; error: unknown }> {
  let succeeded = 0;
  for (let batch = 1; succeeded < count; batch *= 2) {
    const from = succeeded;
    const size = Math.min(batch, count - from);
    const results = await Promise.allSettled(Array.from({ length: size }, (_, i) => action(from + i)));
    succeeded += results.filter(({ status }) => status === 'fulfilled').length;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed)
      return { succeeded, error: isNamespaceTerminating(failed.reason) ? undefined : failed.reason };
  }
  return { succeeded, error: undefined };
}
