/** How long a preview may hold the event loop at a time; the API is served by the same thread. */
const SLICE_MS = 5;

/** Runs a generator to its end, letting others have their turn in between. */
export async function runSliced<T>(steps: Generator<void, T, void>): Promise<T> {
  for (;;) {
    const end = performance.now() + SLICE_MS;
    do {
      const step = steps.next();
      if (step.done) return step.value;
    } while (performance.now() < end);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
