/** An evaluation needs an answer that is not there yet: `answer` resolves once it is, and the evaluation runs again. */
export class Pending extends Error {
  constructor(readonly answer: Promise<unknown>) {
    super('an answer is awaited');
  }
}

/**
 * Runs code that evaluates expressions, as often as it takes until all answers that it waits for are there. Expressions
 * change nothing, so that running one again does no harm; whoever throws Pending keeps its answer.
 */
export async function settled<T>(run: () => T): Promise<T> {
  for (;;) {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Pending)) throw error;
      await error.answer;
    }
  }
}
