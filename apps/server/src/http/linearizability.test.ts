import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Client } from '@wheelhouse/shared/client/client';
import { createHttpClient } from '@wheelhouse/shared/client/http-client';
import { isAlreadyExists, isConflict, isExpired, isNotFound } from '@wheelhouse/shared/errors';
import { type ConfigMap, configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import type { Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import pino from 'pino';
import { Agent, fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EtcdProcess } from '../store/etcd/testing/etcd-process';
import { openStore } from '../store/open-store';
import type { Store } from '../store/store';
import { startTestApiServer, type TestApiServer } from './testing/test-api-server';

/**
 * Several writers and watchers on the HTTP API (on etcd: of two servers) at once, with compaction, slow and reconnecting watchers. What they
 * have seen afterwards has to fit one history: revisions order the writes as they happened, no update is lost, reads
 * are never older than what was finished before them, and every watcher saw the same events in the same order, none
 * twice and none missing but where it was told so (410) and listed again.
 */
const log = pino({ level: 'silent' });
const NAMES = ['a', 'b', 'c', 'd'];

interface Step {
  /** `burst`: patches of all objects at once. */
  readonly op: 'add' | 'patch' | 'delete' | 'create' | 'get' | 'compact' | 'burst';
  readonly name: string;
}

/** One thing that a client has done, with its place in the order in which the test saw things begin and end. */
interface Done {
  readonly op: Exclude<Step['op'], 'compact' | 'burst'>;
  readonly name: string;
  readonly began: number;
  readonly ended: number;
  /** Of what was written or read; undefined for deletions, which are not told theirs. */
  readonly revision: number | undefined;
  /** The revision that an update was made from. */
  readonly from?: number;
  readonly data: string;
}

interface Seen {
  readonly type: string;
  readonly name: string;
  readonly revision: number;
  readonly data: string;
}

/** What a watcher saw after a list at `start`, up to `end`. */
interface Stretch {
  readonly start: number;
  end: number;
  readonly listed: ReadonlyMap<string, number>;
  readonly events: Seen[];
}

const revisionOf = (object: Stored<ConfigMap>) => Number(object.metadata.resourceVersion);
const dataOf = (object: Stored<ConfigMap>) => JSON.stringify(object.data ?? {});

class Trial {
  readonly done: Done[] = [];
  /** How often watchers were told to list again. */
  lost = 0;
  #clock = 0;
  #unique = 0;
  #turns = 0;

  constructor(
    private readonly clients: readonly Client[],
    private readonly store: Store,
    private readonly namespace: string,
  ) {}

  /** Writers and watchers take turns with the servers. */
  #next(): Client {
    const client = this.clients[this.#turns++ % this.clients.length];
    if (!client) throw new Error('a trial needs a client');
    return client;
  }

  async write(steps: readonly Step[]): Promise<void> {
    for (const { op, name } of steps) {
      if (op === 'compact') await this.store.compact(await this.store.currentRevision());
      else if (op === 'burst') await Promise.all(NAMES.map((each) => this.#try('patch', each)));
      else await this.#try(op, name);
    }
  }

  async #try(op: Done['op'], name: string): Promise<void> {
    const began = ++this.#clock;
    try {
      const result = await this.#act(op, name);
      this.done.push({ op, name, began, ended: ++this.#clock, ...result });
    } catch (error) {
      // Lost races are part of the game; everything else is a failure of the test.
      if (!isConflict(error) && !isNotFound(error) && !isAlreadyExists(error)) throw error;
    }
  }

  async #act(op: Done['op'], name: string): Promise<Pick<Done, 'revision' | 'from' | 'data'>> {
    const { namespace } = this;
    const client = this.#next();
    const ref = { name, namespace };
    const id = String(++this.#unique);
    switch (op) {
      case 'create': {
        const metadata = { name, namespace };
        const made = await client.create(configMapKind, { metadata, data: { count: '0', id } });
        return { revision: revisionOf(made), data: dataOf(made) };
      }
      case 'add': {
        const read = await client.get(configMapKind, ref);
        const count = String(Number(read.data?.count) + 1);
        const made = await client.update(configMapKind, { ...read, data: { ...read.data, count, id } });
        return { revision: revisionOf(made), from: revisionOf(read), data: dataOf(made) };
      }
      case 'patch': {
        const made = await client.patch(configMapKind, ref, { type: 'merge', body: { data: { id } } });
        return { revision: revisionOf(made), data: dataOf(made) };
      }
      case 'delete':
        await client.delete(configMapKind, ref);
        return { revision: undefined, data: '' };
      case 'get': {
        const read = await client.get(configMapKind, ref);
        return { revision: revisionOf(read), data: dataOf(read) };
      }
    }
  }

  /** Watches until it has seen the object `end`; `pace` is awaited after each event, `leave` ends a connection. */
  async watch(pace: () => Promise<void>, leave: () => boolean): Promise<Stretch[]> {
    const { namespace } = this;
    const client = this.#next();
    const stretches: Stretch[] = [];
    for (;;) {
      const list = await client.list(configMapKind, { namespace });
      const start = Number(list.metadata.resourceVersion);
      const listed = new Map(list.items.map((item) => [item.metadata.name, revisionOf(item)]));
      const stretch: Stretch = { start, end: start, listed, events: [] };
      stretches.push(stretch);
      if (listed.has('end')) return stretches;
      try {
        if (await this.#follow(client, stretch, { pace, leave })) return stretches;
      } catch (error) {
        if (!isExpired(error)) throw error;
        this.lost++;
      }
    }
  }

  async #follow(
    client: Client,
    stretch: Stretch,
    { pace, leave }: { pace: () => Promise<void>; leave: () => boolean },
  ): Promise<boolean> {
    const { namespace } = this;
    for (;;) {
      const connection = new AbortController();
      const options = { namespace, resourceVersion: String(stretch.end), signal: connection.signal };
      try {
        for await (const { type, object } of client.watch(configMapKind, options)) {
          const { name } = object.metadata;
          const revision = revisionOf(object);
          stretch.events.push({ type, name, revision, data: dataOf(object) });
          stretch.end = revision;
          if (name === 'end') return true;
          await pace();
          if (leave()) break;
        }
      } finally {
        connection.abort();
      }
    }
  }
}

/** What the store itself says has happened: resolves once the object `end` is there. */
function recordHistory(store: Store, after: number): { end: Promise<Map<number, Seen>> } {
  const prefix = '/registry/configmaps/default/';
  const history = new Map<number, Seen>();
  const data = new Map<string, string>();
  const end = new Promise<Map<number, Seen>>((resolve, reject) => {
    const watch = store.watch(
      { prefix, after },
      {
        onEvents(events) {
          for (const event of events) {
            const name = (event.type === 'put' ? event.entry.key : event.key).slice(prefix.length);
            const revision = event.type === 'put' ? event.entry.modRevision : event.revision;
            const known = data.get(name);
            if (event.type === 'put') {
              const stored = JSON.parse(Buffer.from(event.entry.value).toString('utf8')) as ConfigMap;
              const now = JSON.stringify(stored.data ?? {});
              data.set(name, now);
              history.set(revision, {
                type: known === undefined ? 'ADDED' : 'MODIFIED',
                name,
                revision,
                data: now,
              });
            } else {
              data.delete(name);
              history.set(revision, { type: 'DELETED', name, revision, data: known ?? '' });
            }
            if (name === 'end') {
              watch.close();
              resolve(history);
            }
          }
        },
        onProgress: () => undefined,
        onError: reject,
      },
    );
  });
  return { end };
}

function check(
  done: readonly Done[],
  watchers: readonly (readonly Stretch[])[],
  history: ReadonlyMap<number, Seen>,
): void {
  // Whoever has seen an event has seen what happened.
  for (const seen of watchers.flat().flatMap(({ events }) => events)) {
    expect(seen).toEqual(history.get(seen.revision));
  }
  const order = [...history.keys()].sort((a, b) => a - b);

  // Each watcher saw all of its part of it, in order, each once.
  for (const { start, end, events } of watchers.flat()) {
    const part = order.filter((revision) => revision > start && revision <= end);
    expect(events.map(({ revision }) => revision)).toEqual(part);
  }

  // What was listed is what the history says there was.
  for (const { start, listed } of watchers.flat()) {
    for (const [name, revision] of listed) {
      if (name === 'end') continue;
      expect(revision).toBe(
        order.filter((other) => other <= start && history.get(other)?.name === name).at(-1),
      );
    }
  }

  // Every write that was answered is in the history, once, with its content; and nothing else is.
  const writes = done.filter(({ op }) => op !== 'get' && op !== 'delete');
  expect(new Set(writes.map(({ revision }) => revision)).size).toBe(writes.length);
  for (const { name, revision = 0, data } of writes) {
    expect(history.get(revision)).toMatchObject({ name, data });
  }
  const changes = [...history.values()].filter(({ type, name }) => type !== 'DELETED' && name !== 'end');
  expect(changes).toHaveLength(writes.length);
  for (const name of NAMES) {
    const gone = [...history.values()].filter((event) => event.type === 'DELETED' && event.name === name);
    expect(gone).toHaveLength(done.filter((one) => one.op === 'delete' && one.name === name).length);
  }

  // No update is lost: each follows the very revision that it was made from.
  for (const { name, revision = 0, from } of done) {
    if (from === undefined) continue;
    const before = order.filter((other) => other < revision && history.get(other)?.name === name);
    expect(before.at(-1)).toBe(from);
  }

  // What was deleted before a read began is not read any more: as many deletions lie before what is.
  for (const { name, began, revision = 0 } of done.filter(({ op }) => op !== 'delete')) {
    const finished = done.filter((one) => one.op === 'delete' && one.name === name && one.ended < began);
    const before = order.filter((other) => {
      const event = history.get(other);
      return other < revision && event?.name === name && event.type === 'DELETED';
    });
    expect(before.length, 'deletions before a read or a write').toBeGreaterThanOrEqual(finished.length);
  }

  // What was finished before another thing began comes before it, reads included.
  const timed = done.filter(({ op }) => op !== 'delete');
  for (const later of timed) {
    for (const earlier of timed) {
      if (earlier.ended >= later.began || earlier.name !== later.name) continue;
      const [before, after] = [earlier.revision ?? 0, later.revision ?? 0];
      if (later.op === 'get') expect(after, 'a read after a write').toBeGreaterThanOrEqual(before);
      else expect(after, 'a write after another').toBeGreaterThan(before);
    }
  }
}

const step = fc.record<Step>({
  op: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step['op']>('add') },
    { weight: 5, arbitrary: fc.constant<Step['op']>('patch') },
    { weight: 2, arbitrary: fc.constant<Step['op']>('delete') },
    { weight: 4, arbitrary: fc.constant<Step['op']>('create') },
    { weight: 3, arbitrary: fc.constant<Step['op']>('get') },
    { weight: 1, arbitrary: fc.constant<Step['op']>('compact') },
    { weight: 4, arbitrary: fc.constant<Step['op']>('burst') },
  ),
  name: fc.constantFrom(...NAMES),
});
const writer = fc.array(step, { minLength: 10, maxLength: 40 });

describe.each([['embedded'], ['etcd']] as const)('concurrent clients on the %s store', (kind) => {
  const servers: TestApiServer[] = [];
  const clients: Client[] = [];
  const agents: Agent[] = [];
  let etcd: EtcdProcess | undefined;
  let directory: string;
  let trials = 0;
  let lost = 0;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-linear-'));
    etcd = kind === 'etcd' ? await EtcdProcess.start() : undefined;
    // Only etcd has room for several servers.
    for (let i = 0; i < (etcd ? 2 : 1); i++) {
      const store = await openStore(
        etcd ? { kind: 'etcd', endpoints: [etcd.endpoint] } : { kind: 'embedded', directory },
        log,
      );
      // So short a memory that watchers fall off it whenever writers come together.
      const server = await startTestApiServer({ store, ringCapacity: 2 });
      const agent = new Agent({ connect: { ca: server.ca } });
      servers.push(server);
      agents.push(agent);
      clients.push(
        createHttpClient({
          baseUrl: server.baseUrl,
          headers: { authorization: `Bearer ${server.token}` },
          fetch: (url, init) => fetch(url, { ...init, dispatcher: agent }),
        }),
      );
    }
  });
  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.destroy()));
    await Promise.all(servers.map((server) => server.stop()));
    await etcd?.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  it('agree on one history', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(writer, { minLength: 2, maxLength: 4 }), async (writers) => {
        const namespace = 'default';
        const [server] = servers;
        const [client] = clients;
        if (!server || !client) throw new Error('no server was started');
        const trial = new Trial(clients, server.store, namespace);
        trials++;
        for (const item of (await client.list(configMapKind, { namespace })).items) {
          await client.delete(configMapKind, { name: item.metadata.name, namespace });
        }
        const history = recordHistory(server.store, await server.store.currentRevision());
        let events = 0;
        const atOnce = () => Promise.resolve();
        const slowly = async () => {
          for (let i = 0; i < 40; i++) await turn();
        };
        const watchers = [
          trial.watch(atOnce, () => false),
          trial.watch(atOnce, () => false),
          trial.watch(atOnce, () => ++events % 3 === 0),
          trial.watch(slowly, () => false),
          trial.watch(slowly, () => ++events % 7 === 0),
        ];
        await Promise.all(writers.map((steps) => trial.write(steps)));
        await client.create(configMapKind, { metadata: { name: 'end', namespace } });
        check(trial.done, await Promise.all(watchers), await history.end);
        lost += trial.lost;
      }),
      { numRuns: 6, endOnFailure: true },
    );
    expect(trials).toBeGreaterThanOrEqual(6);
    expect(lost, 'watchers that fell behind').toBeGreaterThan(0);
  });
});
