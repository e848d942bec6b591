import { join } from 'node:path';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import type { Logger } from '../component';
import type { VirtualGroup } from '../http/extension';
import type { AuditSink } from './audit-sink';
import { type DatabaseSpec, openDatabase } from './database';
import { PrismaSink } from './prisma-sink';
import { startRetention } from './retention';
import { Spool } from './spool';
import type { UndoServices } from './undo';
import { createAuditGroup } from './virtual-group';

export interface Audit {
  readonly sink: AuditSink;
  /** `audit.wheelhouse.dev/v1`: entries. */
  readonly virtualGroup: VirtualGroup;
  /** The same with `undos`, for which it needs to write. Use one or the other. */
  virtualGroupWithUndo(undo: Omit<UndoServices, 'database'>): VirtualGroup;
  /** Writes what is left (to the database, else to disk), then stops a database of our own. */
  close(): Promise<void>;
}

/**
 * Opens the audit: its database, brought up to date, and the sink; entries that an earlier run had to leave on disk
 * (`<dataDir>/audit-spool`) are inserted first. Throws StartupError with one clear line.
 */
export async function openAudit(options: {
  readonly database: DatabaseSpec;
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock?: Clock;
}): Promise<Audit> {
  const { database: spec, dataDir, log, clock = systemClock } = options;
  const database = await openDatabase(spec, log);
  const spool = new Spool(join(dataDir, 'audit-spool'));
  const sink = new PrismaSink({ database, spool, log, clock });
  const retention = startRetention(database, log, clock);
  return {
    sink,
    virtualGroup: createAuditGroup(database),
    virtualGroupWithUndo: (undo) => createAuditGroup(database, undo),
    async close() {
      await retention.stop();
      await sink.close();
      await database.prisma.$disconnect();
      await database.close();
    },
  };
}
