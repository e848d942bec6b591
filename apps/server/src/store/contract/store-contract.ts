import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CompactedError,
  FutureRevisionError,
  LeaseNotFoundError,
  type Revision,
  type Store,
  type Write,
  type WriteResult,
} from '../store';
import { bytes, text, WatchRecorder } from './watch-recorder';

export interface StoreUnderTest {
  readonly store: Store;
  dispose(): Promise<void>;
}

/** What every store promises. Tests share one store and keep to a prefix of their own. */
export function describeStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`store contract: ${name}`, () => {
    let subject: StoreUnderTest;
    let store: Store;
    let prefix = '';
    let counter = 0;
    const fresh = () => {
      prefix = `/test/${++counter}/`;
      return prefix;
    };
    const recorders: WatchRecorder[] = [];
    const record = (options: { prefix: string; after: Revision }) => {
      const recorder = new WatchRecorder(store, options);
      recorders.push(recorder);
      return recorder;
    };

    beforeAll(async () => {
      subject = await open();
      store = subject.store;
    }, 30_000);
    afterAll(async () => {
      for (const recorder of recorders) recorder.watch.close();
      await subject?.dispose();
    }, 30_000);

    const put = (key: string, value: string, expected?: Revision) =>
      succeed(
        store.write({ op: 'put', key, value: bytes(value), ...(expected === undefined ? {} : { expected }) }),
      );
    const remove = (key: string, expected?: Revision) =>
      succeed(store.write({ op: 'delete', key, ...(expected === undefined ? {} : { expected }) }));

    describe('writes', () => {
      it('gives each change a growing revision and tells creation from change', async () => {
        const key = `${fresh()}a`;
        const first = await put(key, 'one', 0);
        const created = (await store.get(key))?.createRevision;
        expect(created).toBeLessThanOrEqual(first);
        const second = await put(key, 'two', first);
        expect(second).toBeGreaterThan(first);
        const entry = await store.get(key);
        expect(entry).toMatchObject({ key, createRevision: created, modRevision: second });
        expect(text(entry?.value ?? bytes(''))).toBe('two');
        expect(await store.currentRevision()).toBeGreaterThanOrEqual(second);
      });

      it('refuses a stale compare and shows what stands there', async () => {
        const key = `${fresh()}a`;
        const first = await put(key, 'one');
        const second = await put(key, 'two', first);
        const result = await store.write({ op: 'put', key, value: bytes('three'), expected: first });
        expect(result).toMatchObject({ ok: false, current: { key, modRevision: second } });
        expect(await store.write({ op: 'put', key, value: bytes('x'), expected: 0 })).toMatchObject({
          ok: false,
        });
        expect(text((await store.get(key))?.value ?? bytes(''))).toBe('two');
      });

      it('refuses a compare on a missing key', async () => {
        const key = `${fresh()}none`;
        const result = await store.write({ op: 'put', key, value: bytes('x'), expected: 5 });
        expect(result).toEqual({ ok: false, current: undefined });
      });

      it('deletes with a compare, and reports a missing key', async () => {
        const key = `${fresh()}a`;
        const created = await put(key, 'one');
        expect(await store.write({ op: 'delete', key, expected: created + 1000 })).toMatchObject({
          ok: false,
        });
        expect(await remove(key, created)).toBeGreaterThan(created);
        expect(await store.get(key)).toBeUndefined();
        expect(await store.write({ op: 'delete', key })).toEqual({ ok: false, current: undefined });
      });

      it('starts a new life after a delete', async () => {
        const key = `${fresh()}a`;
        const created = await put(key, 'one');
        const deleted = await remove(key);
        const again = await put(key, 'two', 0);
        const life = (await store.get(key))?.createRevision;
        expect(life).toBeLessThanOrEqual(again);
        expect(life).toBeGreaterThan(deleted);
        expect(deleted).toBeGreaterThan(created);
      });

      it('lets failed compares fail alone in a shared commit', async () => {
        const base = fresh();
        const blocked = await put(`${base}blocked`, 'x');
        const results = await Promise.all(
          Array.from({ length: 50 }, (_, i): Promise<WriteResult> => {
            const write: Write =
              i % 5 === 0
                ? { op: 'put', key: `${base}blocked`, value: bytes('y'), expected: 0 }
                : { op: 'put', key: `${base}${i}`, value: bytes(String(i)), expected: 0 };
            return store.write(write);
          }),
        );
        results.forEach((result, i) => {
          expect(result.ok).toBe(i % 5 !== 0);
          if (!result.ok) expect(result.current?.modRevision).toBe(blocked);
        });
        expect((await store.range({ prefix: base })).count).toBe(41);
      });

      it('orders writes of one key that wait together', async () => {
        const key = `${fresh()}a`;
        const results = await Promise.all(
          Array.from({ length: 20 }, (_, i) => store.write({ op: 'put', key, value: bytes(String(i)) })),
        );
        const revisions = results.map((result) => (result.ok ? result.revision : 0));
        expect(new Set(revisions).size).toBe(20);
        expect((await store.get(key))?.modRevision).toBe(Math.max(...revisions));
      });

      it('loses no update of 64 concurrent writers', async () => {
        const key = `${fresh()}counter`;
        await put(key, '0');
        let conflicts = 0;
        const increment = async () => {
          for (;;) {
            const entry = await store.get(key);
            if (!entry) throw new Error('the counter is gone');
            const value = bytes(String(Number(text(entry.value)) + 1));
            const result = await store.write({ op: 'put', key, value, expected: entry.modRevision });
            if (result.ok) return;
            conflicts++;
          }
        };
        await Promise.all(Array.from({ length: 64 }, increment));
        expect(text((await store.get(key))?.value ?? bytes(''))).toBe('64');
        expect(conflicts).toBeGreaterThan(0);
      }, 30_000);

      it('gives 640 concurrent creates 640 revisions, the same as the watch and the range show', async () => {
        const base = fresh();
        const watch = record({ prefix: base, after: await store.currentRevision() });
        const revisions = new Map<string, Revision>();
        await Promise.all(
          Array.from({ length: 64 }, async (_, writer) => {
            for (let i = 0; i < 10; i++) {
              const key = `${base}${writer}-${i}`;
              revisions.set(key, await put(key, 'x'.repeat(1500), 0));
            }
          }),
        );
        await watch.until(() => watch.events.length === 640);
        expect(new Set(revisions.values()).size).toBe(640);
        expectGrowing(watch);
        for (const event of watch.events) {
          const key = event.type === 'put' ? event.entry.key : event.key;
          expect(event.revision).toBe(revisions.get(key));
        }
        for (const entry of (await store.range({ prefix: base })).entries) {
          expect(entry.modRevision).toBe(revisions.get(entry.key));
          expect(entry.createRevision).toBeLessThanOrEqual(entry.modRevision);
        }
      }, 30_000);

      it('keeps binary and empty values', async () => {
        const base = fresh();
        const value = Uint8Array.from({ length: 300 }, (_, i) => i % 256);
        await succeed(store.write({ op: 'put', key: `${base}binary`, value }));
        await succeed(store.write({ op: 'put', key: `${base}empty`, value: new Uint8Array() }));
        expect([...((await store.get(`${base}binary`))?.value ?? [])]).toEqual([...value]);
        expect((await store.get(`${base}empty`))?.value.length).toBe(0);
      });
    });

    describe('ranges', () => {
      it('lists in key order, pages by limit and after, and counts the rest', async () => {
        const base = fresh();
        for (const name of ['c', 'a', 'e', 'b', 'd']) await put(base + name, name);
        await put(`${prefix.slice(0, -1)}!`, 'outside');
        const first = await store.range({ prefix: base, limit: 2 });
        expect(first.entries.map(({ key }) => key)).toEqual([`${base}a`, `${base}b`]);
        expect(first).toMatchObject({ more: true, count: 5 });
        const second = await store.range({ prefix: base, limit: 2, after: `${base}b` });
        expect(second.entries.map(({ key }) => key)).toEqual([`${base}c`, `${base}d`]);
        expect(second).toMatchObject({ more: true, count: 3 });
        const third = await store.range({ prefix: base, limit: 2, after: `${base}d` });
        expect(third.entries.map(({ key }) => key)).toEqual([`${base}e`]);
        expect(third).toMatchObject({ more: false, count: 1 });
        expect(await store.range({ prefix: base, limit: 5 })).toMatchObject({ more: false, count: 5 });
      });

      it('is empty for an unknown prefix, with the current revision', async () => {
        const revision = await put(`${fresh()}x`, 'x');
        const range = await store.range({ prefix: '/nothing/' });
        expect(range).toMatchObject({ entries: [], more: false, count: 0 });
        expect(range.revision).toBeGreaterThanOrEqual(revision);
      });

      it('reads the past, page by page, while the present moves on', async () => {
        const base = fresh();
        for (const name of ['a', 'b', 'c', 'd']) await put(base + name, `${name}1`);
        const { revision } = await store.range({ prefix: base });
        await put(`${base}a`, 'a2');
        await put(`${base}a`, 'a3');
        await remove(`${base}c`);
        await put(`${base}bb`, 'new');
        await remove(`${base}d`);
        await put(`${base}d`, 'again');
        const values = async (options: { limit?: number; after?: string }) => {
          const range = await store.range({ prefix: base, revision, ...options });
          expect(range.revision).toBe(revision);
          return {
            values: range.entries.map((entry) => text(entry.value)),
            more: range.more,
            count: range.count,
          };
        };
        expect(await values({})).toEqual({ values: ['a1', 'b1', 'c1', 'd1'], more: false, count: 4 });
        expect(await values({ limit: 2 })).toEqual({ values: ['a1', 'b1'], more: true, count: 4 });
        expect(await values({ limit: 2, after: `${base}b` })).toEqual({
          values: ['c1', 'd1'],
          more: false,
          count: 2,
        });
        const now = await store.range({ prefix: base });
        expect(now.entries.map((entry) => text(entry.value))).toEqual(['a3', 'b1', 'new', 'again']);
      });

      it('reads between two writes that shared a commit', async () => {
        const base = fresh();
        const revisions = await Promise.all(['a', 'b', 'c', 'd'].map((name) => put(base + name, name)));
        const sorted = [...revisions].sort((x, y) => x - y);
        for (const [index, revision] of sorted.entries()) {
          const range = await store.range({ prefix: base, revision });
          expect(range.entries.map(({ modRevision }) => modRevision).sort((x, y) => x - y)).toEqual(
            sorted.slice(0, index + 1),
          );
          expect(range.count).toBe(index + 1);
        }
      });

      it('refuses the future', async () => {
        const current = await store.currentRevision();
        await expect(store.range({ prefix: fresh(), revision: current + 1_000_000 })).rejects.toBeInstanceOf(
          FutureRevisionError,
        );
      });
    });

    describe('watches', () => {
      it('delivers changes with previous values, in order', async () => {
        const base = fresh();
        const watch = record({ prefix: base, after: await store.currentRevision() });
        const created = await put(`${base}a`, '1');
        const updated = await put(`${base}a`, '2');
        await put(`/other${base}`, 'not ours');
        const deleted = await remove(`${base}a`);
        await watch.until(() => watch.events.length === 3);
        expect(watch.summary()).toEqual([`put ${base}a 1`, `put ${base}a 2`, `delete ${base}a`]);
        expect(watch.events.map(({ revision }) => revision)).toEqual([created, updated, deleted]);
        expect(watch.events.map(({ previous }) => previous?.modRevision)).toEqual([
          undefined,
          created,
          updated,
        ]);
        expect(text(watch.events[2]?.previous?.value ?? bytes(''))).toBe('2');
      });

      it('replays history after any revision, without a gap and without repeats', async () => {
        const base = fresh();
        const start = await store.currentRevision();
        await Promise.all(Array.from({ length: 30 }, (_, i) => put(`${base}${i}`, 'x')));
        for (let i = 0; i < 30; i += 3) await remove(`${base}${i}`);
        await Promise.all(Array.from({ length: 30 }, (_, i) => put(`${base}${i}`, 'y')));
        const whole = record({ prefix: base, after: start });
        await whole.until(() => whole.events.length === 70);
        expectGrowing(whole);
        for (const cut of [0, 1, 13, 29, 30, 35, 42, 69]) {
          const resumed = record({ prefix: base, after: whole.events[cut]?.revision ?? 0 });
          const rest = whole.events.slice(cut + 1);
          await resumed.until(() => resumed.events.length >= rest.length);
          expect(resumed.events.map(({ revision }) => revision)).toEqual(
            rest.map(({ revision }) => revision),
          );
        }
      }, 20_000);

      it('passes from history to the present without a gap while writers are busy', async () => {
        const base = fresh();
        const start = await store.currentRevision();
        const watches: WatchRecorder[] = [];
        await Promise.all(
          Array.from({ length: 16 }, async (_, writer) => {
            for (let i = 0; i < 40; i++) {
              await put(`${base}${writer}`, String(i));
              if (i % 10 === 5) watches.push(record({ prefix: base, after: start }));
            }
          }),
        );
        for (const watch of watches) {
          await watch.until(() => watch.events.length >= 640);
          expectGrowing(watch);
          expect(watch.events.length).toBe(640);
        }
        const reference = watches[0]?.events.map(({ revision }) => revision);
        for (const watch of watches) expect(watch.events.map(({ revision }) => revision)).toEqual(reference);
      }, 30_000);

      it('waits for a revision that is still to come', async () => {
        const base = fresh();
        const current = await store.currentRevision();
        const first = await put(`${base}a`, '1');
        const watch = record({ prefix: base, after: first });
        const second = await put(`${base}a`, '2');
        await watch.until(() => watch.events.length > 0);
        expect(watch.events.map(({ revision }) => revision)).toEqual([second]);
        expect(current).toBeLessThan(first);
      });

      it('answers requestProgress after every event acknowledged before, even where nothing happens', async () => {
        const base = fresh();
        const idle = record({ prefix: '/idle/', after: await store.currentRevision() });
        const busy = record({ prefix: base, after: await store.currentRevision() });
        for (let round = 0; round < 5; round++) {
          const revisions = await Promise.all(
            Array.from({ length: 8 }, (_, i) => put(`${base}${i}`, `${round}`)),
          );
          const newest = Math.max(...revisions);
          idle.watch.requestProgress();
          busy.watch.requestProgress();
          await idle.until(() => idle.progress.some((revision) => revision >= newest));
          await busy.until(() => busy.progress.some((revision) => revision >= newest));
          expect(busy.events.length).toBe((round + 1) * 8);
        }
        expect(idle.events).toEqual([]);
        expect(await store.currentRevision()).toBeGreaterThanOrEqual(idle.progress.at(-1) ?? 0);
      }, 20_000);

      it('can be resumed from a progress revision', async () => {
        const base = fresh();
        const watch = record({ prefix: base, after: await store.currentRevision() });
        await put(`${base}a`, '1');
        watch.watch.requestProgress();
        await watch.until(() => watch.progress.length > 0);
        const resumed = record({ prefix: base, after: watch.progress.at(-1) ?? 0 });
        await put(`${base}a`, '2');
        await resumed.until(() => resumed.events.length > 0);
        expect(resumed.summary()).toEqual([`put ${base}a 2`]);
      });

      it('is silent after close', async () => {
        const base = fresh();
        const after = await store.currentRevision();
        const closed = record({ prefix: base, after });
        const open = record({ prefix: base, after });
        await put(`${base}a`, '1');
        await closed.until(() => closed.events.length === 1);
        closed.watch.close();
        await put(`${base}a`, '2');
        await open.until(() => open.events.length === 2);
        expect(closed.events.length).toBe(1);
      });
    });

    describe('leases', () => {
      it('deletes its keys when it is revoked, and tells watchers', async () => {
        const base = fresh();
        const watch = record({ prefix: base, after: await store.currentRevision() });
        const lease = await store.grantLease(60);
        await succeed(store.write({ op: 'put', key: `${base}a`, value: bytes('1'), lease }));
        await succeed(store.write({ op: 'put', key: `${base}b`, value: bytes('1'), lease }));
        await put(`${base}b`, 'without lease now');
        await store.renewLease(lease);
        await store.revokeLease(lease);
        await watch.until(() => watch.events.some(({ type }) => type === 'delete'));
        expect(await store.get(`${base}a`)).toBeUndefined();
        expect(text((await store.get(`${base}b`))?.value ?? bytes(''))).toBe('without lease now');
        expect(watch.events.at(-1)).toMatchObject({
          type: 'delete',
          key: `${base}a`,
          previous: { key: `${base}a` },
        });
        expectGrowing(watch);
      });

      it('runs out', async () => {
        const base = fresh();
        const watch = record({ prefix: base, after: await store.currentRevision() });
        const lease = await store.grantLease(1);
        await succeed(store.write({ op: 'put', key: `${base}a`, value: bytes('1'), lease }));
        await watch.until(() => watch.events.length === 2);
        expect(watch.events[1]?.type).toBe('delete');
        expect(await store.get(`${base}a`)).toBeUndefined();
        await expect(store.renewLease(lease)).rejects.toBeInstanceOf(LeaseNotFoundError);
      }, 15_000);

      it('must exist', async () => {
        await expect(store.renewLease('7777')).rejects.toBeInstanceOf(LeaseNotFoundError);
        await expect(
          store.write({ op: 'put', key: `${fresh()}a`, value: bytes('1'), lease: '7777' }),
        ).rejects.toBeInstanceOf(LeaseNotFoundError);
        expect(await store.get(`${prefix}a`)).toBeUndefined();
      });
    });

    describe('compaction', () => {
      it('forgets history, keeps what stands, and says so to reads and watches of the past', async () => {
        const base = fresh();
        const first = await put(`${base}a`, '1');
        await put(`${base}gone`, '1');
        await remove(`${base}gone`);
        for (let i = 2; i < 10; i++) await put(`${base}a`, String(i));
        const kept = await put(`${base}b`, 'kept');
        await store.compact(kept);
        const after = await put(`${base}a`, 'after');

        await expect(store.range({ prefix: base, revision: first })).rejects.toBeInstanceOf(CompactedError);
        const tooLate = record({ prefix: base, after: first });
        await tooLate.until(() => tooLate.error !== undefined);
        expect(tooLate.error).toBeInstanceOf(CompactedError);
        expect(tooLate.events).toEqual([]);

        const resumed = record({ prefix: base, after: kept });
        await resumed.until(() => resumed.events.length > 0);
        expect(resumed.events.map(({ revision }) => revision)).toEqual([after]);
        expect(text(resumed.events[0]?.previous?.value ?? bytes(''))).toBe('9');
        const past = await store.range({ prefix: base, revision: kept });
        expect(past.entries.map((entry) => text(entry.value))).toEqual(['9', 'kept']);
        const now = await store.range({ prefix: base });
        expect(now.entries.map((entry) => text(entry.value))).toEqual(['after', 'kept']);
      });

      it('may be repeated and never goes back', async () => {
        const revision = await put(`${fresh()}a`, '1');
        await store.compact(revision);
        await store.compact(revision);
        await store.compact(1);
        await expect(store.range({ prefix, revision: revision - 1000 })).rejects.toBeInstanceOf(
          CompactedError,
        );
      });
    });
  });
}

async function succeed(write: Promise<WriteResult>): Promise<Revision> {
  const result = await write;
  if (!result.ok) throw new Error('the compare failed');
  return result.revision;
}

/** Revisions strictly grow, and each previous value is the one that the watch showed before (or older than it). */
function expectGrowing(watch: WatchRecorder): void {
  let last = 0;
  const seen = new Map<string, Revision | undefined>();
  for (const event of watch.events) {
    expect(event.revision).toBeGreaterThan(last);
    last = event.revision;
    const key = event.type === 'put' ? event.entry.key : event.key;
    if (seen.has(key)) expect(event.previous?.modRevision).toBe(seen.get(key));
    if (event.type === 'put') expect(event.entry.modRevision).toBe(event.revision);
    seen.set(key, event.type === 'put' ? event.revision : undefined);
  }
}
