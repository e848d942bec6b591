import { notFound } from '@wheelhouse/shared/errors';
import type { VirtualGroup } from '../http/extension';
import type { AuditDatabase } from './database';
import { AUDIT_GROUP, AUDIT_VERSION, toEntry } from './entry';
import { continueToken, parseQuery } from './query';
import { query } from './query-database';
import { createUndos, type UndoServices } from './undo';

/**
 * `audit.wheelhouse.dev/v1` `entries`: what was written, newest first, filtered by query parameters (query.ts).
 * Read-only, and cluster-scoped: who may read it reads about all namespaces. With `undo`, there are `undos`, too.
 */
export function createAuditGroup(
  database: Pick<AuditDatabase, 'prisma' | 'ensure'>,
  undo?: Omit<UndoServices, 'database'>,
): VirtualGroup {
  const { prisma } = database;
  const apiVersion = `${AUDIT_GROUP}/${AUDIT_VERSION}`;
  return {
    group: AUDIT_GROUP,
    version: AUDIT_VERSION,
    resources: [
      {
        plural: 'entries',
        singular: 'entry',
        kind: 'AuditEntry',
        namespaced: false,
        async get(name) {
          const row = await query(database, () => prisma.auditEntry.findUnique({ where: { id: name } }));
          if (!row) throw notFound({ group: AUDIT_GROUP, kind: 'entries', name });
          return toEntry(row, { objects: true });
        },
        async list({ url }) {
          const { where, limit } = parseQuery(url.searchParams);
          const rows = await query(database, () =>
            prisma.auditEntry.findMany({ where, orderBy: { sequence: 'desc' }, take: limit + 1 }),
          );
          const page = rows.slice(0, limit);
          const last = page.at(-1);
          return {
            kind: 'AuditEntryList',
            apiVersion,
            metadata: {
              resourceVersion: String(page[0]?.sequence ?? 0),
              ...(rows.length > limit && last ? { continue: continueToken(last.sequence) } : {}),
            },
            items: page.map((row) => toEntry(row, { objects: false })),
          };
        },
      },
      ...(undo ? [createUndos({ ...undo, database })] : []),
    ],
  };
}
