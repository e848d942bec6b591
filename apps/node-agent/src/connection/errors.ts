import type { Status } from '@wheelhouse/shared/meta/object';

/** The server said no, with its reasons. Trying again with the same credential and name is of no use. */
export class RefusedError extends Error {
  override name = 'RefusedError';
  constructor(readonly status: Status) {
    super(status.message ?? 'the server refused this agent');
  }
  get code(): number {
    return this.status.code ?? 0;
  }
}

/** The server is not the one that the join token speaks of; nothing secret was sent to it. */
export class WrongServerError extends Error {
  override name = 'WrongServerError';
}

/** Whether the failure comes from what we asked, not from the moment at which we asked. */
export function isPermanent(error: unknown): boolean {
  if (error instanceof WrongServerError) return true;
  return error instanceof RefusedError && error.code >= 400 && error.code < 500 && error.code !== 429;
}
