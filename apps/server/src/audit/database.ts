import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Logger } from '../component';
import { StartupError } from '../startup-error';
import { PrismaClient } from './generated/client';
import { migrations } from './generated/migrations';
import { migrate } from './migrate';
import { EmbeddedPostgres } from './postgres/embedded-postgres';

/** Where the audit lives: a PostgreSQL of our own in a directory, or one that is named by its URL. */
export type DatabaseSpec =
  | { readonly kind: 'embedded'; readonly directory: string }
  | { readonly kind: 'postgres'; readonly url: string };

export interface AuditDatabase {
  readonly prisma: PrismaClient;
  /** Brings a database of our own up, or back when it has died; rejects while it cannot be had. */
  ensure(): Promise<void>;
  /** Stops a database of our own. Disconnect `prisma` first. */
  close(): Promise<void>;
}

const CONNECT_MS = 5000;
const CONNECTIONS = 4;

/**
 * Opens the database and brings its schema up to date. One of our own that does not exist yet is made in the
 * background: nothing needs it to start, and `ensure` waits for it.
 * Throws {@link StartupError} with one clear line that names host and port, never the password.
 */
export async function openDatabase(spec: DatabaseSpec, log: Logger): Promise<AuditDatabase> {
  if (spec.kind === 'postgres') {
    const config: pg.PoolConfig = { connectionString: spec.url };
    await setUp(config, `the audit database at ${placeOf(spec.url)}`);
    return { prisma: connect(config, log), ensure: async () => {}, close: async () => {} };
  }
  return openEmbedded(spec.directory, log);
}

async function openEmbedded(directory: string, log: Logger): Promise<AuditDatabase> {
  const server = await EmbeddedPostgres.open(directory, log);
  let migrated = false;
  let ensuring: Promise<void> | undefined;
  const bringUp = async () => {
    await server.ensure();
    if (migrated) return;
    await setUp(server.connection, `the audit database in ${directory}`);
    migrated = true;
  };
  const ensure = () => {
    ensuring ??= bringUp().finally(() => {
      ensuring = undefined;
    });
    return ensuring;
  };
  if (server.fresh) {
    ensure().catch((error) =>
      log.error({ error }, 'the audit database could not be made; entries are kept on disk'),
    );
  } else {
    try {
      await ensure();
    } catch (error) {
      await server.stop();
      throw error;
    }
  }
  return {
    prisma: connect(server.connection, log),
    ensure,
    async close() {
      await ensuring?.catch(() => {});
      await server.stop();
    },
  };
}

function connect(config: pg.PoolConfig, log: Logger): PrismaClient {
  // The next query reports what matters; without listeners a lost connection would end this process.
  const lost = (error: Error) =>
    log.debug({ error: error.message }, 'a connection to the audit database was lost');
  return new PrismaClient({
    adapter: new PrismaPg(
      { ...config, max: CONNECTIONS, connectionTimeoutMillis: CONNECT_MS },
      { onPoolError: lost, onConnectionError: lost },
    ),
  });
}

async function setUp(config: pg.ClientConfig, name: string): Promise<void> {
  const client = new pg.Client({ ...config, connectionTimeoutMillis: CONNECT_MS });
  client.on('error', () => {});
  try {
    await client.connect();
    await migrate(client, migrations);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`Cannot use ${name}: ${reasonOf(error)}`, { cause: error });
  } finally {
    await client.end().catch(() => {});
  }
}

/** `host:port/database`, for messages: a URL may carry a password. */
export function placeOf(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname || 'localhost'}:${port || '5432'}${pathname}`;
  } catch {
    return 'an address that is no URL (write postgres://USER:PASSWORD@HOST:PORT/DATABASE)';
  }
}

function reasonOf(error: unknown): string {
  // Node reports all addresses that it tried in one error without a message.
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
