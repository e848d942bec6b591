import { createHash, randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { StartupError } from '../startup-error';

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** Any number will do, as long as every server uses the same: they take turns. */
const LOCK = 7_305_112;

/**
 * Brings the database to the newest schema, each migration in a transaction of its own, and keeps the same books as
 * `prisma migrate deploy` does. Throws {@link StartupError} when a newer version has been at work, or when a migration
 * is not the one that was applied.
 */
export async function migrate(client: ClientBase, migrations: readonly Migration[]): Promise<void> {
  await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  try {
    await client.query(`CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id VARCHAR(36) PRIMARY KEY NOT NULL,
      checksum VARCHAR(64) NOT NULL,
      finished_at TIMESTAMPTZ,
      migration_name VARCHAR(255) NOT NULL,
      logs TEXT,
      rolled_back_at TIMESTAMPTZ,
      started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
      applied_steps_count INTEGER NOT NULL DEFAULT 0
    )`);
    const { rows } = await client.query<{ migration_name: string; checksum: string }>(
      'SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
    );
    const applied = new Map(rows.map((row) => [row.migration_name, row.checksum]));
    for (const migration of pending(migrations, applied)) await apply(client, migration);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK]);
  }
}

/** Pure: what is left to do, given name → checksum of what was done. */
export function pending(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, string>,
): readonly Migration[] {
  const known = new Set(migrations.map(({ name }) => name));
  const foreign = [...applied.keys()].find((name) => !known.has(name));
  if (foreign !== undefined) {
    throw new StartupError(
      `The audit database was written by a newer version of Wheelhouse (migration ${foreign}). Upgrade, or use another database.`,
    );
  }
  for (const { name, sql } of migrations) {
    const checksum = applied.get(name);
    if (checksum !== undefined && checksum !== checksumOf(sql)) {
      throw new StartupError(
        `The audit database was set up by another edition of migration ${name}. Use another database.`,
      );
    }
  }
  return migrations.filter(({ name }) => !applied.has(name));
}

function checksumOf(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

async function apply(client: ClientBase, { name, sql }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), 1)`,
      [randomUUID(), checksumOf(sql), name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
