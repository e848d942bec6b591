import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RequestContext } from './request-context';

/** A body of so many bytes may hold so much that each step of its way takes a while. */
const LARGE_BODY = 64 * 1024;

/**
 * Between two steps of a write: everybody else gets their turn when the body is so large that all steps together would
 * hold them up. Undefined for all others, so that they do not wait.
 */
export function pause({ bodyBytes = 0 }: Pick<RequestContext, 'bodyBytes'>): Promise<void> | undefined {
  return bodyBytes < LARGE_BODY ? undefined : nextTurn();
}
