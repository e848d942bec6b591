import { hasRuntimeCode } from '../../runtime/runtime';

/** An answer other than success, with the words for the caller. */
export class HttpError extends Error {
  override name = 'HttpError';
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (hasRuntimeCode(error, 'not-found')) return new HttpError(404, message);
  if (hasRuntimeCode(error, 'not-running')) return new HttpError(409, message);
  if (hasRuntimeCode(error, 'unavailable')) return new HttpError(503, message);
  if (hasRuntimeCode(error, 'unreachable')) return new HttpError(502, message);
  return new HttpError(500, message);
}
