import { expired } from '@wheelhouse/shared/errors';
import type { Entry, EntryCodec } from './entry';
import { type CacheEvent, EventRing } from './event-ring';
import { ObjectIndex } from './object-index';
import { type Selection, selects } from './selection';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** An event as one selection sees it. */
export interface Change {
  readonly type: ChangeType;
  /** The content to send: of a DELETED, the last full object under the revision of the deletion. */
  readonly entry: Entry;
}

/** Turns changes into what a kind of watcher takes: bytes of a stream, objects. Renderers with one id are alike. */
export interface Renderer<T> {
  readonly id: string;
  render(changes: readonly Change[]): T;
}

/** Events a watcher takes at a time: bounds the size of a write and the time until others get their turn. */
const BATCH = 512;

/**
 * All objects of one resource and the recent history of its changes. It is fed by one store watch (StoreFeed);
 * reads are synchronous and so consistent in themselves. Watchers are cursors in the ring: they cost nothing while
 * they sleep, those with the same selection and representation share one rendering of each stretch of events,
 * and one that falls off the ring is told so (410) instead of losing events in silence.
 */
export class WatchCache {
  index = new ObjectIndex();
  /** Revision of the newest write of this resource that this server made itself; the cache may not have it yet. */
  ownWrite = 0;
  #ring: EventRing;
  readonly #groups = new Map<string, Group<unknown>>();
  readonly #watchers = new Set<Watcher<unknown>>();

  constructor(
    readonly codec: EntryCodec,
    readonly ringCapacity: number,
    startRevision: number,
  ) {
    this.#ring = new EventRing(ringCapacity, startRevision);
  }

  get ring(): EventRing {
    return this.#ring;
  }

  get watcherCount(): number {
    return this.#watchers.size;
  }

  /** Revision of the newest change of this resource that the cache has seen. */
  get lastChange(): number {
    return this.#ring.at(this.#ring.head - 1)?.revision ?? this.#ring.floor;
  }

  /** Adds one change. Watchers learn of it at the next {@link wake}. */
  apply(key: string, current: Entry | undefined, revision: number): void {
    const previous = this.index.get(key);
    if (current) this.index.set(current);
    else if (previous) this.index.delete(previous);
    else return;
    this.#ring.push({ revision, current, previous });
  }

  /** Starts over with new content; every watcher is ended with 410 and lists again. */
  reset(index: ObjectIndex, revision: number): void {
    this.index = index;
    this.#ring = new EventRing(this.ringCapacity, revision);
    for (const watcher of this.#watchers) watcher.lose();
  }

  wake(): void {
    for (const watcher of this.#watchers) watcher.onWake?.();
  }

  /** A watcher of everything after `revision`. Throws Expired when the ring does not reach back that far. */
  watch<T>(selection: Selection, renderer: Renderer<T>, revision: number): Watcher<T> {
    const sequence = this.#ring.after(revision);
    if (sequence === undefined) throw tooOld(revision, this.#ring.floor);
    return this.#open(selection, renderer, sequence);
  }

  /** A watcher of everything that happens from now on. */
  watchFromNow<T>(selection: Selection, renderer: Renderer<T>): Watcher<T> {
    return this.#open(selection, renderer, this.#ring.head);
  }

  #open<T>(selection: Selection, renderer: Renderer<T>, sequence: number): Watcher<T> {
    const id = `${renderer.id}\n${selection.namespace ?? ''}\n${selection.name ?? ''}\n${selection.id}`;
    // A group's renderer id names its type, so a group found under this id renders a T.
    let group = this.#groups.get(id) as Group<T> | undefined;
    if (!group) {
      group = new Group(this, selection, renderer);
      this.#groups.set(id, group);
    }
    group.members++;
    const shared = group;
    const watcher = new Watcher<T>(this, shared, sequence, () => {
      this.#watchers.delete(watcher);
      if (--shared.members === 0) this.#groups.delete(id);
    });
    this.#watchers.add(watcher);
    return watcher;
  }
}

function tooOld(revision: number, floor: number) {
  return expired(`too old resource version: ${revision} (${floor})`);
}

/** Watchers that want the same events in the same form. Those that keep up ask for the same stretch: it is kept. */
class Group<T> {
  members = 0;
  #from = -1;
  #to = -1;
  #value: T | undefined;

  constructor(
    readonly cache: WatchCache,
    readonly selection: Selection,
    readonly renderer: Renderer<T>,
  ) {}

  render(ring: EventRing, from: number, to: number): T {
    if (this.#value !== undefined && this.#from === from && this.#to === to) return this.#value;
    const changes: Change[] = [];
    for (let sequence = from; sequence < to; sequence++) {
      const event = ring.at(sequence);
      const change = event && this.#change(event);
      if (change) changes.push(change);
    }
    const value = this.renderer.render(changes);
    this.#from = from;
    this.#to = to;
    this.#value = value;
    return value;
  }

  /** An object that stops matching is DELETED for this selection, one that starts matching is ADDED. */
  #change(event: CacheEvent): Change | undefined {
    const { current, previous, revision } = event;
    const is = current !== undefined && selects(this.selection, current);
    const was = previous !== undefined && selects(this.selection, previous);
    if (current && is) return { type: was ? 'MODIFIED' : 'ADDED', entry: current };
    if (previous && was)
      return { type: 'DELETED', entry: removedEntry(this.cache.codec, event, previous, revision) };
    return undefined;
  }
}

const removed = new WeakMap<CacheEvent, Entry>();

/** Made once per event, whoever watches. */
function removedEntry(codec: EntryCodec, event: CacheEvent, previous: Entry, revision: number): Entry {
  let entry = removed.get(event);
  if (!entry) {
    entry = codec.revised(previous, revision);
    removed.set(event, entry);
  }
  return entry;
}

/** One cursor in the ring. Whoever owns it pulls; `onWake` tells that there may be something to pull. */
export class Watcher<T> {
  onWake: (() => void) | undefined;
  #ring: EventRing;
  #lost = false;
  #closed = false;

  constructor(
    readonly cache: WatchCache,
    readonly group: Group<T>,
    private cursor: number,
    private readonly release: () => void,
  ) {
    this.#ring = cache.ring;
  }

  /** True when {@link pull} would return events. */
  get behind(): boolean {
    return this.#lost || this.cursor < this.#ring.head;
  }

  /** The objects that the next {@link pull} will show or look into. */
  *upcoming(): Generator<Entry> {
    const { selection, cache } = this.group;
    const to = Math.min(this.#ring.head, this.cursor + BATCH);
    for (let sequence = this.cursor; sequence < to; sequence++) {
      const event = this.#ring.at(sequence);
      if (!event) continue;
      const { current, previous, revision } = event;
      if (current) yield current;
      if (!previous || (current && selection.matches === undefined)) continue;
      if (selection.readsFields) yield previous;
      yield removedEntry(cache.codec, event, previous, revision);
    }
  }

  /**
   * What happened since the last pull, at most a batch of it, in this watcher's form (it may be empty: nothing of it
   * was selected). Undefined: nothing happened. Throws Expired when events were lost, for good.
   */
  pull(): T | undefined {
    const { head, tail, floor } = this.#ring;
    if (this.#lost || this.cursor < tail) {
      this.#lost = true;
      throw tooOld(this.#ring.at(tail)?.revision ?? floor, floor);
    }
    if (this.cursor >= head) return undefined;
    const to = Math.min(head, this.cursor + BATCH);
    const value = this.group.render(this.#ring, this.cursor, to);
    this.cursor = to;
    return value;
  }

  /** The cache began anew: what this watcher has not pulled is gone. */
  lose(): void {
    this.#lost = true;
    this.onWake?.();
  }

  /** Safe to call twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onWake = undefined;
    this.release();
  }
}
