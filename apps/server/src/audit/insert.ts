import pg, { type Pool } from 'pg';
import type { Logger } from '../component';
import { withoutObjects } from './row';

/**
 * Inserts rows (see row.ts) in their order, in one statement. A row whose id is there already is left alone, so a
 * batch may be repeated. Rejects when the database cannot be had; a row that it refuses is stored without its objects
 * rather than holding up all others.
 */
export async function insertRows(pool: Pool, rows: readonly string[], log: Logger): Promise<void> {
  if (rows.length === 0) return;
  try {
    await insert(pool, rows);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Halves find the culprit.
    if (rows.length > 1) {
      const middle = rows.length >> 1;
      await insertRows(pool, rows.slice(0, middle), log);
      await insertRows(pool, rows.slice(middle), log);
      return;
    }
    log.error({ error }, 'the audit database refuses an entry; it is stored without its objects');
    try {
      await insert(pool, rows.map(withoutObjects));
    } catch (again) {
      // A row that is no JSON was cut short on disk.
      if (!isRefusal(again) && !(again instanceof SyntaxError)) throw again;
      log.error({ error: again }, 'an audit entry is lost: the database refuses it altogether');
    }
  }
}

async function insert(pool: Pool, rows: readonly string[]): Promise<void> {
  await pool.query(INSERT, [`[${rows.join(',')}]`]);
}

const INSERT = `
    INSERT INTO audit_entries (
      id, time, user_name, user_groups, impersonated_by, verb, api_group, api_version, resource, subresource,
      namespace, name, uid, before, after, response_code, response_status, resource_version, source_ip, user_agent
    )
    SELECT
      id, time, user_name, user_groups, impersonated_by, verb, api_group, api_version, resource, subresource,
      namespace, name, uid, before, after, response_code, response_status, resource_version, source_ip, user_agent
    FROM ROWS FROM (
      jsonb_to_recordset($1::jsonb) AS (
        id text, time timestamptz, user_name text, user_groups text[], impersonated_by text, verb text,
        api_group text, api_version text, resource text, subresource text, namespace text, name text, uid text,
        before jsonb, after jsonb, response_code integer, response_status jsonb, resource_version text,
        source_ip text, user_agent text
      )
    ) WITH ORDINALITY AS row
    ORDER BY row.ordinality
    ON CONFLICT (id) DO NOTHING`;

/** SQLSTATE classes that speak about the data and will be the same next time: 21, 22, 23, 54. */
function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(21|22|23|54)/.test(error.code ?? '');
}
