import type { Logger } from '../component';
import type { PrismaClient } from './generated/client';
import { withoutObjects } from './row';

/**
 * Inserts rows (see row.ts) in their order, in one statement. A row whose id is there already is left alone, so a
 * batch may be repeated. Rejects when the database cannot be had; a row that it refuses is stored without its objects
 * rather than holding up all others.
 */
export async function insertRows(prisma: PrismaClient, rows: readonly string[], log: Logger): Promise<void> {
  if (rows.length === 0) return;
  try {
    await insert(prisma, rows);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Halves find the culprit.
    if (rows.length > 1) {
      const middle = rows.length >> 1;
      await insertRows(prisma, rows.slice(0, middle), log);
      await insertRows(prisma, rows.slice(middle), log);
      return;
    }
    log.error({ error }, 'the audit database refuses an entry; it is stored without its objects');
    try {
      await insert(prisma, rows.map(withoutObjects));
    } catch (again) {
      // A row that is no JSON was cut short on disk.
      if (!isRefusal(again) && !(again instanceof SyntaxError)) throw again;
      log.error({ error: again }, 'an audit entry is lost: the database refuses it altogether');
    }
  }
}

async function insert(prisma: PrismaClient, rows: readonly string[]): Promise<void> {
  // As bytes: Prisma would wrap a text into JSON once more and unwrap it again, quote by quote.
  const batch = Buffer.from(`[${rows.join(',')}]`);
  await prisma.$executeRaw`
    INSERT INTO audit_entries (
      id, time, user_name, user_groups, impersonated_by, verb, api_group, api_version, resource, subresource,
      namespace, name, uid, before, after, response_code, response_status, resource_version, source_ip, user_agent,
      annotations
    )
    SELECT
      id, time, user_name, user_groups, impersonated_by, verb, api_group, api_version, resource, subresource,
      namespace, name, uid, before, after, response_code, response_status, resource_version, source_ip, user_agent,
      annotations
    FROM ROWS FROM (
      jsonb_to_recordset(convert_from(${batch}, 'UTF8')::jsonb) AS (
        id text, time timestamptz, user_name text, user_groups text[], impersonated_by text, verb text,
        api_group text, api_version text, resource text, subresource text, namespace text, name text, uid text,
        before jsonb, after jsonb, response_code integer, response_status jsonb, resource_version text,
        source_ip text, user_agent text, annotations jsonb
      )
    ) WITH ORDINALITY AS row
    ORDER BY row.ordinality
    ON CONFLICT (id) DO NOTHING`;
}

/** SQLSTATE classes that speak about the data and will be the same next time: 21, 22, 23, 54. */
function isRefusal(error: unknown): boolean {
  const code = sqlState(error);
  return code !== undefined && /^(21|22|23|54)/.test(code);
}

/** Prisma wraps the driver's error, at a depth that depends on the kind of query. */
function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  for (const name of ['originalCode', 'sqlState']) {
    const code: unknown = Reflect.get(error, name);
    if (typeof code === 'string') return code;
  }
  for (const name of ['meta', 'driverAdapterError', 'cause']) {
    const inner = sqlState(Reflect.get(error, name));
    if (inner !== undefined) return inner;
  }
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('P') ? code : undefined;
}
