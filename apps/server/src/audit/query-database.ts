import { serviceUnavailable } from '@wheelhouse/shared/errors';
import type { AuditDatabase } from './database';

/**
 * Runs a query, a second time after bringing the database back if it is one of our own.
 * Throws 503 when it does not answer then either.
 */
export async function query<T>(
  database: Pick<AuditDatabase, 'ensure'>,
  run: () => PromiseLike<T>,
): Promise<T> {
  try {
    return await run();
  } catch {
    // What is wrong shows again below.
  }
  try {
    await database.ensure();
    return await run();
  } catch (error) {
    const unavailable = serviceUnavailable('the audit database does not answer; try again in a moment');
    unavailable.cause = error;
    throw unavailable;
  }
}
