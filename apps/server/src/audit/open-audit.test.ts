import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '@wheelhouse/shared/clock';
import { ApiError } from '@wheelhouse/shared/errors';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StartupError } from '../startup-error';
import type { AuditEntry } from './entry';
import { type Audit, openAudit } from './open-audit';
import { EmbeddedPostgres } from './postgres/embedded-postgres';
import { record } from './testing/records';

const log = pino({ level: 'silent' });

/** One data directory for all tests: making a database is the slow part. */
/** Kills the server's main process. Its backends may answer a moment longer, so it can be dead already. */
function killServer(directory: string): void {
  try {
    process.kill(pidOf(directory), 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

describe('the audit on its embedded PostgreSQL', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'wheelhouse-audit-'));
  const directory = join(dataDir, 'postgres');
  let audit: Audit;
  const open = () => openAudit({ database: { kind: 'embedded', directory }, dataDir, log });
  beforeAll(async () => {
    audit = await open();
  }, 60_000);
  afterAll(async () => {
    await audit.close();
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  const entries = () => {
    const [resource] = audit.virtualGroup.resources;
    if (!resource?.list || !resource.get) throw new Error('entries can be read');
    return { list: resource.list, get: resource.get };
  };
  const request = (query = '') => ({
    user: { name: 'admin', groups: ['system:masters'] },
    method: 'GET',
    url: new URL(`https://localhost/apis/audit.wheelhouse.dev/v1/entries${query}`),
  });
  const list = async (query = '') => {
    // The handler's answers are documents; this is the one it promises.
    const answer = (await entries().list(request(query))) as {
      kind: string;
      metadata: { continue?: string };
      items: AuditEntry[];
    };
    expect(answer.kind).toBe('AuditEntryList');
    return answer;
  };

  it('shows what was recorded, newest first, with a summary, changes and whole objects', async () => {
    const create = record({ verb: 'create', name: 'shown', responseCode: 201 });
    const { before: _, ...created } = create;
    audit.sink.record(created);
    audit.sink.record(record({ name: 'shown', annotations: { 'policy/size': '2 \u0000 keys' } }));
    await audit.sink.flush();
    const { items } = await list('?name=shown');
    expect(items.map(({ summary }) => summary)).toEqual(['spec.replicas 3 → 8', 'created']);
    expect(items[0]?.changes).toEqual([{ path: 'spec.replicas', before: 3, after: 8 }]);
    expect(items[0]?.object).toEqual({
      group: 'apps',
      version: 'v1',
      resource: 'deployments',
      namespace: 'default',
      name: 'shown',
      uid: 'uid-web',
      resourceVersion: '42',
    });
    expect(items.map(({ annotations }) => annotations)).toEqual([
      { 'policy/size': '2 \ufffd keys' },
      undefined,
    ]);
    expect(items[0]).not.toHaveProperty('before');
    const whole = await entries().get(items[0]?.metadata.name ?? '', request());
    expect(whole).toMatchObject({ before: { spec: { replicas: 3 } }, after: { spec: { replicas: 8 } } });
    expect(JSON.stringify(whole)).not.toContain('managedFields');
    await expect(entries().get('nothing', request())).rejects.toMatchObject({ code: 404 });
  });

  it('filters and pages', async () => {
    for (let i = 0; i < 25; i++) {
      audit.sink.record(
        record({
          name: 'paged',
          verb: i % 2 ? 'patch' : 'update',
          user: { name: i % 5 ? 'jane' : 'joe', groups: [] },
          namespace: i < 20 ? 'one' : 'two',
          time: new Date(Date.UTC(2026, 0, 1, 0, i)),
        }),
      );
    }
    await audit.sink.flush();
    const count = async (query: string) => (await list(`?name=paged${query}`)).items.length;
    expect(await count('')).toBe(25);
    expect(await count('&user=joe')).toBe(5);
    expect(await count('&verb=patch')).toBe(12);
    expect(await count('&namespace=two&group=apps&resource=deployments')).toBe(5);
    expect(await count('&group=core')).toBe(0);
    expect(await count('&since=2026-01-01T00:10:00Z&until=2026-01-01T00:14:00Z')).toBe(5);
    expect(await count('&uid=uid-web')).toBe(25);
    expect(await count('&since=5m')).toBe(0);
    audit.sink.record(record({ name: 'paged-too', user: { name: 'system:kube-scheduler', groups: [] } }));
    audit.sink.record(record({ name: 'paged-too' }));
    await audit.sink.flush();
    expect((await list('?name=paged-too&people=true')).items.map(({ user }) => user.name)).toEqual(['jane']);

    const seen: string[] = [];
    let position = '';
    do {
      const page = await list(`?name=paged&limit=10${position && `&continue=${position}`}`);
      seen.push(...page.items.map(({ time }) => time));
      position = page.metadata.continue ?? '';
    } while (position);
    expect(seen.length).toBe(25);
    expect(seen).toEqual([...seen].sort().reverse());
  });

  it('refuses bad parameters and says what to do', async () => {
    for (const query of [
      'limit=-1',
      'limit=many',
      'since=yesterday',
      'until=2026',
      'verb=look',
      'colour=red',
      'people=some',
      'continue=xyz',
    ]) {
      const refusal = list(`?${query}`);
      await expect(refusal).rejects.toBeInstanceOf(ApiError);
      await expect(refusal).rejects.toMatchObject({ code: 400 });
    }
    await expect(list('?verb=look')).rejects.toThrow('create, update, patch');
  });

  it('stores what PostgreSQL does not like, and long names, without holding others up', async () => {
    const base = record();
    const odd = (value: string) => ({ ...base.after, spec: { value } }) as NonNullable<typeof base.after>;
    audit.sink.record(record({ name: 'odd-0', after: odd('nul \u0000 and \\u0000 and half \ud83d pair') }));
    audit.sink.record(
      record({ name: 'odd-1', user: { name: 'ü'.repeat(5000), groups: ['"', '{}', 'ä,b'] } }),
    );
    audit.sink.record(record({ name: `odd-${'n'.repeat(9000)}`, namespace: 'x'.repeat(9000) }));
    audit.sink.record(record({ name: 'odd-2' }));
    await audit.sink.flush();
    const { items } = await list('?name=odd-0');
    expect(items[0]?.changes.find(({ path }) => path === 'spec.value')?.after).toBe(
      'nul \ufffd and \\u0000 and half \ufffd pair',
    );
    expect((await list('?name=odd-1')).items[0]?.user.groups).toEqual(['"', '{}', 'ä,b']);
    expect((await list('?name=odd-2')).items.length).toBe(1);
    expect((await list(`?namespace=${'x'.repeat(400)}`)).items.length).toBe(1);
  });

  it('keeps secrets out of the database, and off the disk', async () => {
    const secret = (value: string) => ({
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: {
        name: 's',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"data":"${value}"}` },
      },
      data: { password: value, other: 'c2FtZS1hbmQtc2VjcmV0' },
      stringData: { text: value },
    });
    audit.sink.record(
      record({
        group: '',
        resource: 'secrets',
        name: 's',
        before: secret('b2xkLXNlY3JldA=='),
        after: secret('bmV3LXNlY3JldA=='),
        annotations: { 'policy/quoted': 'bmV3LXNlY3JldA==' },
      }),
    );
    audit.sink.record(
      record({
        group: '',
        resource: 'serviceaccounts',
        subresource: 'token',
        name: 's',
        after: { kind: 'TokenRequest', status: { token: 'eyJhbGciOi' } } as never,
      }),
    );
    await audit.sink.flush();
    const { items } = await list('?name=s');
    expect(items[1]?.changes).toEqual([
      { path: 'data.password', before: '(redacted)', after: '(redacted, changed)' },
      { path: 'stringData.text', before: '(redacted)', after: '(redacted, changed)' },
    ]);
    const all = await Promise.all(items.map(({ metadata }) => entries().get(metadata.name, request())));
    expect(JSON.stringify(all)).not.toMatch(/b2xkLXNlY3JldA|bmV3LXNlY3JldA|c2FtZS1hbmQ|eyJhbGciOi/);
  });

  it('loses nothing and repeats nothing while the database is killed again and again', async () => {
    const ids: string[] = [];
    let round = 0;
    const write = () => {
      for (let i = 0; i < 40; i++) {
        const next = record({ name: 'flowing', time: new Date(Date.UTC(2026, 1, 1) + ids.length) });
        ids.push(next.id);
        audit.sink.record(next);
      }
    };
    while (round < 3) {
      write();
      if (round !== 1) await audit.sink.flush();
      killServer(directory);
      for (let i = 0; i < 20; i++) {
        write();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      round++;
      await audit.sink.flush();
    }
    write();
    await audit.sink.flush();
    const stored: string[] = [];
    let position = '';
    do {
      const page = await list(`?name=flowing&limit=500${position && `&continue=${position}`}`);
      stored.push(...page.items.map(({ metadata }) => metadata.name));
      position = page.metadata.continue ?? '';
    } while (position);
    expect(stored.reverse()).toEqual(ids);
  }, 60_000);

  it('comes back by itself when someone reads', async () => {
    killServer(directory);
    audit.sink.record(record({ name: 'back' }));
    await audit.sink.flush();
    killServer(directory);
    expect((await list('?name=back')).items.length).toBe(1);
  }, 30_000);

  it('continues after a restart, with what could not be stored before it', async () => {
    killServer(directory);
    audit.sink.record(record({ name: 'left-behind' }));
    // Closing does not wait for a database that is away: it leaves the record on disk or stores it.
    await audit.close();
    audit = await open();
    await expect.poll(async () => (await list('?name=left-behind')).items.length).toBe(1);
  }, 30_000);

  it('belongs to one process, keeps its password to itself, and has no port', async () => {
    await expect(open()).rejects.toThrow(`in use by process ${process.pid}`);
    for (const file of ['postgres.password', 'postgres.owner', 'postgres.log']) {
      expect(statSync(join(dataDir, file)).mode & 0o077).toBe(0);
    }
    expect(statSync(join(dataDir, 'postgres.socket')).mode & 0o077).toBe(0);
    const [, , , port, , address] = readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n');
    expect([port, address]).toEqual(['5432', '']);
    expect(readdirSync(dataDir)).not.toContain('postgres.initial');
  });

  it('adopts the server that a killed process left running, and stops one that does not answer', async () => {
    await audit.close();
    const start = async () => {
      const server = await EmbeddedPostgres.open(directory, log);
      await server.ensure();
      return server;
    };
    const first = await start();
    const pid = first.pid ?? 0;
    // As after kill -9: nobody has stopped it, and its owner is gone.
    rmSync(join(dataDir, 'postgres.owner'));
    const second = await start();
    expect(second.pid).toBe(pid);
    rmSync(join(dataDir, 'postgres.owner'));
    rmSync(join(dataDir, 'postgres.socket', '.s.PGSQL.5432'));
    const third = await start();
    expect(third.pid).not.toBe(pid);
    expect(() => process.kill(pid, 0)).toThrow();
    await third.stop();
    audit = await open();
  }, 60_000);

  it('refuses a database of a newer version', async () => {
    await audit.close();
    const server = await EmbeddedPostgres.open(directory, log);
    await server.ensure();
    const change = async ({ connection }: EmbeddedPostgres, sql: string) => {
      const client = new pg.Client(connection);
      await client.connect();
      await client.query(sql);
      await client.end();
    };
    await change(
      server,
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at)
                  VALUES ('x', 'x', '29990101000000_future', now())`,
    );
    await server.stop();
    await expect(open()).rejects.toThrow('newer version of Wheelhouse (migration 29990101000000_future)');
    const again = await EmbeddedPostgres.open(directory, log);
    await again.ensure();
    await change(again, `DELETE FROM _prisma_migrations WHERE id = 'x'`);
    await again.stop();
    audit = await open();
  }, 60_000);

  it('forgets entries that are older than it promises to keep', async () => {
    await audit.close();
    const clock = new ManualClock(Date.UTC(2026, 6, 1));
    audit = await openAudit({ database: { kind: 'embedded', directory }, dataDir, log, clock });
    const recordAt = (name: string, month: number) =>
      audit.sink.record(record({ name, time: new Date(Date.UTC(2026, month, 15)) }));
    recordAt('old', 1);
    recordAt('young', 5);
    const flushed = audit.sink.flush();
    await vi.waitFor(() => expect(clock.pending).toBeGreaterThan(0));
    await flushed;
    clock.advance(60_000);
    await expect.poll(async () => (await list('?name=old')).items.length).toBe(0);
    expect((await list('?name=young')).items.length).toBe(1);
    await audit.close();
    audit = await open();
  }, 30_000);

  it('works on a database that is named by its URL, answers 503 while that is away, and keeps entries', async () => {
    await audit.close();
    const server = await EmbeddedPostgres.open(directory, log);
    await server.ensure();
    const { host, user, password } = server.connection;
    const url = `postgres://${user}:${password}@localhost/postgres?host=${host}`;
    audit = await openAudit({ database: { kind: 'postgres', url }, dataDir, log });
    audit.sink.record(record({ name: 'by-url' }));
    await audit.sink.flush();
    expect((await list('?name=by-url')).items.length).toBe(1);
    await server.stop();
    await expect(list()).rejects.toMatchObject({ code: 503 });
    audit.sink.record(record({ name: 'by-url' }));
    await audit.close();
    expect(readdirSync(join(dataDir, 'audit-spool')).length).toBe(1);
    audit = await open();
    await audit.sink.flush();
    await expect.poll(async () => (await list('?name=by-url')).items.length).toBe(2);
  }, 60_000);

  it('names host and port of a database that cannot be reached, and not its password', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    try {
      for (const place of [`127.0.0.1:${port}`, '127.0.0.1:1']) {
        const opened = openAudit({
          database: { kind: 'postgres', url: `postgres://me:geheim@${place}/audit` },
          dataDir,
          log,
        });
        await expect(opened).rejects.toBeInstanceOf(StartupError);
        await expect(opened).rejects.toThrow(place);
        await expect(opened).rejects.not.toThrow('geheim');
      }
    } finally {
      server.close();
    }
  });
});

function pidOf(directory: string): number {
  return Number(readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n')[0]);
}
