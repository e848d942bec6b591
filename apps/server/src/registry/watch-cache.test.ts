import { isExpired } from '@wheelhouse/shared/errors';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Entry, EntryCodec } from './entry';
import { EVERYTHING, type Selection } from './selection';
import { type Change, type Renderer, WatchCache } from './watch-cache';

const codec = new EntryCodec({ group: '', version: 'v1', kind: 'Thing', plural: 'things', namespaced: true });
const changes: Renderer<readonly Change[]> = { id: 'changes', render: (all) => all };

function entry(namespace: string, name: string, revision: number, color: string): Entry {
  const value = codec.encode({ metadata: { name, namespace, uid: name, labels: { color } } });
  const key = `/registry/things/${namespace}/${name}`;
  return new Entry(key, namespace, name, revision, codec.splice(value, revision));
}

const colored = (color: string): Selection => ({
  id: `color=${color}`,
  namespace: undefined,
  name: undefined,
  matches: (object) => object.metadata.labels?.color === color,
});

type Op = { readonly name: string; readonly namespace: string; readonly color: string | undefined };
const ops = fc.array(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    namespace: fc.constantFrom('x', 'x-y'),
    color: fc.constantFrom('red', 'blue', undefined),
  }),
  { maxLength: 60 },
);

/** Applies an op; undefined as color deletes. Deleting what is not there is no event, as in the store. */
function apply(cache: WatchCache, op: Op, revision: number): void {
  const key = `/registry/things/${op.namespace}/${op.name}`;
  cache.apply(
    key,
    op.color === undefined ? undefined : entry(op.namespace, op.name, revision, op.color),
    revision,
  );
}

test('a watcher that replays its events has what a list has, whatever it selects and whenever it pulls', () => {
  fc.assert(
    fc.property(
      ops,
      fc.constantFrom(EVERYTHING, colored('red'), { ...EVERYTHING, namespace: 'x' }),
      fc.array(fc.boolean(), { maxLength: 60 }),
      (history, selection, pulls) => {
        const cache = new WatchCache(codec, 1000, 0);
        const watcher = cache.watch(selection, changes, 0);
        const mirror = new Map<string, string>();
        const seen: number[] = [];
        const drain = () => {
          for (const { type, entry: changed } of watcher.pull() ?? []) {
            seen.push(changed.revision);
            const known = mirror.has(changed.key);
            // ADDED only for what it did not have, MODIFIED and DELETED only for what it had.
            expect(known).toBe(type !== 'ADDED');
            if (type === 'DELETED') mirror.delete(changed.key);
            else mirror.set(changed.key, changed.bytes.toString());
          }
        };
        for (const [i, op] of history.entries()) {
          apply(cache, op, i + 1);
          if (pulls[i]) drain();
        }
        drain();
        const wanted = [...cache.index.all()].filter(
          (found) =>
            (selection.namespace === undefined || found.namespace === selection.namespace) &&
            (!selection.matches || selection.matches(found.object)),
        );
        expect([...mirror].sort()).toEqual(wanted.map((found) => [found.key, found.bytes.toString()]).sort());
        // Each event once, in order: one revision a change.
        expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
      },
    ),
  );
});

test('the index lists in the order of the store keys, by namespace and over all', () => {
  fc.assert(
    fc.property(ops, (history) => {
      const cache = new WatchCache(codec, 10, 0);
      const model = new Map<string, number>();
      for (const [i, op] of history.entries()) {
        apply(cache, op, i + 1);
        const key = `/registry/things/${op.namespace}/${op.name}`;
        if (op.color === undefined) model.delete(key);
        else model.set(key, i + 1);
      }
      const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
      expect([...cache.index.all()].map(({ key, revision }) => [key, revision])).toEqual(sorted);
      expect(cache.index.inNamespace('x').map(({ name }) => name)).toEqual(
        sorted.filter(([key]) => key.includes('/x/')).map(([key]) => key.split('/').at(-1)),
      );
    }),
  );
});

test('an object that leaves the selection is DELETED with its last matching content and the new revision', () => {
  const cache = new WatchCache(codec, 10, 0);
  const watcher = cache.watch(colored('red'), changes, 0);
  apply(cache, { namespace: 'x', name: 'a', color: 'red' }, 1);
  apply(cache, { namespace: 'x', name: 'a', color: 'blue' }, 2);
  const [added, deleted] = watcher.pull() ?? [];
  expect(added?.type).toBe('ADDED');
  expect(deleted?.type).toBe('DELETED');
  expect(deleted?.entry.object.metadata).toMatchObject({ labels: { color: 'red' }, resourceVersion: '2' });
  expect(JSON.parse(deleted?.entry.bytes.toString() ?? '')).toEqual(deleted?.entry.object);
});

test('watchers with one selection share one rendering', () => {
  const cache = new WatchCache(codec, 10, 0);
  let renderings = 0;
  const counting: Renderer<number> = {
    id: 'counting',
    render(all) {
      renderings++;
      return all.length;
    },
  };
  const watchers = Array.from({ length: 50 }, () => cache.watch(colored('red'), counting, 0));
  apply(cache, { namespace: 'x', name: 'a', color: 'red' }, 1);
  expect(watchers.map((watcher) => watcher.pull())).toEqual(Array(50).fill(1));
  expect(renderings).toBe(1);
  for (const watcher of watchers) watcher.close();
  expect(cache.watcherCount).toBe(0);
});

test('a watcher that falls off the ring is told so for good, and holds nobody up', () => {
  const cache = new WatchCache(codec, 4, 0);
  const slow = cache.watch(EVERYTHING, changes, 0);
  const fast = cache.watch(EVERYTHING, changes, 0);
  let received = 0;
  for (let revision = 1; revision <= 6; revision++) {
    apply(cache, { namespace: 'x', name: `n${revision}`, color: 'red' }, revision);
    received += fast.pull()?.length ?? 0;
  }
  expect(received).toBe(6);
  expect(() => slow.pull()).toThrow(expect.toSatisfy(isExpired));
  expect(() => slow.pull()).toThrow(expect.toSatisfy(isExpired));
  // Events 1 and 2 are gone: resuming after 2 works, after 1 it does not.
  expect(cache.watch(EVERYTHING, changes, 2).pull()?.length).toBe(4);
  expect(() => cache.watch(EVERYTHING, changes, 1)).toThrow(expect.toSatisfy(isExpired));
});

test('a cache that begins anew ends all its watchers', () => {
  const cache = new WatchCache(codec, 4, 0);
  const watcher = cache.watch(EVERYTHING, changes, 0);
  let woken = 0;
  watcher.onWake = () => {
    woken++;
  };
  cache.reset(cache.index, 9);
  expect(woken).toBe(1);
  expect(() => watcher.pull()).toThrow(expect.toSatisfy(isExpired));
});
