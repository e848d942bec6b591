/** Runs `operation` with `concurrency` in flight until `count` are done; answers operations per second. */
export async function throughput(
  count: number,
  concurrency: number,
  operation: (index: number) => Promise<unknown>,
): Promise<number> {
  let next = 0;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < count) await operation(next++);
    }),
  );
  return count / ((performance.now() - started) / 1000);
}

/** Text that makes an object of the wanted size: letters, so that nothing compresses or escapes it. */
export const filler = (bytes: number): string => 'abcdefghij'.repeat(Math.ceil(bytes / 10)).slice(0, bytes);
