/**
 * A reason not to start, in one clear line for the person at the terminal: printed without a stack, exit code 1.
 * Whatever had been started is stopped first.
 */
export class StartupError extends Error {
  override name = 'StartupError';
}
