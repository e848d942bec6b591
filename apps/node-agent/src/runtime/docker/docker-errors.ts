import { RuntimeError, type RuntimeErrorCode } from '../runtime';

/** Docker's HTTP status, when `error` is an answer of Docker's. */
export function dockerStatus(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** Docker's own words, without dockerode's "(HTTP code 500) server error - " in front. */
export function dockerMessage(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'json' in error) {
    const { json } = error;
    if (typeof json === 'object' && json !== null && 'message' in json && typeof json.message === 'string') {
      return json.message.trim();
    }
  }
  return (error instanceof Error ? error.message : String(error)).trim();
}

const isConnectionError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && dockerStatus(error) === undefined;

/** `fallback` says what it means when Docker answered, but with an error that is not plain by itself. */
export function asRuntimeError(error: unknown, fallback: RuntimeErrorCode): RuntimeError {
  if (error instanceof RuntimeError) return error;
  const message = dockerMessage(error);
  if (isConnectionError(error)) {
    return new RuntimeError('unavailable', `Docker does not answer: ${message}`, { cause: error });
  }
  if (/address already in use|port is already allocated|Address already in use/i.test(message)) {
    return new RuntimeError('address-in-use', message, { cause: error });
  }
  if (/No such image/i.test(message)) return new RuntimeError('image-missing', message, { cause: error });
  if (dockerStatus(error) === 404 && fallback !== 'start-failed') {
    return new RuntimeError('not-found', message, { cause: error });
  }
  return new RuntimeError(fallback, message, { cause: error });
}
