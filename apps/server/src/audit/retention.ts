import type { Clock } from '@wheelhouse/shared/clock';
import type { Component, Logger } from '../component';
import type { AuditDatabase } from './database';

/** How long entries are kept. */
export const KEPT_DAYS = 90;
const FIRST_MS = 60_000;
const EVERY_MS = 3_600_000;
/** Rows a statement: a long one would hold up inserts. */
const CHUNK = 2000;
const DAY_MS = 86_400_000;

/** Forgets entries older than {@link KEPT_DAYS} days, every hour, until stopped. */
export function startRetention(
  database: Pick<AuditDatabase, 'prisma'>,
  log: Logger,
  clock: Clock,
): Component {
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let cancel = clock.after(FIRST_MS, () => begin());

  const begin = () => {
    running = round();
  };
  const round = async () => {
    try {
      const before = new Date(clock.now().getTime() - KEPT_DAYS * DAY_MS);
      let deleted = CHUNK;
      while (deleted === CHUNK && !stopped) {
        deleted = await database.prisma.$executeRaw`
          DELETE FROM audit_entries WHERE sequence IN (
            SELECT sequence FROM audit_entries WHERE time < ${before} ORDER BY time LIMIT ${CHUNK}
          )`;
      }
    } catch (error) {
      // The next round tries again; the sink reports a database that is away.
      log.debug({ error }, 'old audit entries could not be deleted');
    }
    if (!stopped) cancel = clock.after(EVERY_MS, () => begin());
  };

  return {
    async stop() {
      stopped = true;
      cancel();
      await running;
    },
  };
}
