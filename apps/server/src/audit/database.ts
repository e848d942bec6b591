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
  /** Brings a database of our own back when it has died; rejects while it cannot be had. */
  ensure(): Promise<void>;
  close(): Promise<void>;
}

const CONNECT_MS = 5000;
const CONNECTIONS = 4;

/**
 * Opens the database and brings its schema up to date.
 * Throws {@link StartupError} with one clear line that names host and port, never the password.
 */
export async function openDatabase(spec: DatabaseSpec, log: Logger): Promise<AuditDatabase> {
  if (spec.kind === 'postgres') {
    const config: pg.PoolConfig = { connectionString: spec.url };
    await setUp(config, `the audit database at ${placeOf(spec.url)}`);
    return connect(config, log, { ensure: async () => {}, stop: async () => {} });
  }
  const server = await EmbeddedPostgres.start(spec.directory, log);
  try {
    await setUp(server.connection, `the audit database in ${spec.directory}`);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return connect(server.connection, log, server);
}

function connect(
  config: pg.PoolConfig,
  log: Logger,
  server: { ensure(): Promise<void>; stop(): Promise<void> },
): AuditDatabase {
  // The next query reports what matters; without listeners a lost connection would end this process.
  const lost = (error: Error) =>
    log.debug({ error: error.message }, 'a connection to the audit database was lost');
  const prisma = new PrismaClient({
    adapter: new PrismaPg(
      { ...config, max: CONNECTIONS, connectionTimeoutMillis: CONNECT_MS },
      { onPoolError: lost, onConnectionError: lost },
    ),
  });
  return {
    prisma,
    ensure: () => server.ensure(),
    async close() {
      await prisma.$disconnect();
      await server.stop();
    },
  };
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
