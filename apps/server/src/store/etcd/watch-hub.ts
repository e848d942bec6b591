import type { Clock } from '@wheelhouse/shared/clock';
import type { Logger } from '../../component';
import type { CompactedError, Revision, StoreEvent, StoreWatch, WatchHandler } from '../store';
import type { EtcdConnection } from './connection';
import { EventStream } from './event-stream';
import { completeRevision, eventKey } from './numbering';

/** Events kept for watches that begin a little in the past: they then need no stream of their own. */
const KEPT_EVENTS = 4096;
const PROGRESS_RETRY_MS = 200;

interface Watcher {
  readonly prefix: string;
  readonly handler: WatchHandler;
  /** Everything up to here has been delivered. */
  position: Revision;
  /** It follows the shared stream; until then it has a stream of its own. */
  live: boolean;
  closed: boolean;
  catchUp: EventStream | undefined;
  progressWanted: boolean;
}

/**
 * All watches of a store share one etcd watch. That gives every one of them the same order and the same numbers, and
 * makes progress simple: since the shared watch sees every key, it has caught up with a revision exactly when it has
 * seen an event of that revision or a later one. (etcd's own progress answers can overtake events before 3.4.25.)
 */
export class WatchHub {
  readonly #watchers = new Set<Watcher>();
  #shared: EventStream;
  /** All events after `#keptAfter`, through `#position`. */
  #kept: StoreEvent[] = [];
  #keptAfter: Revision;
  #position: Revision;
  #askingProgress = false;
  /** Revisions that watchers wait to hear of. */
  readonly #progressTargets = new Map<Watcher, Revision>();
  #cancelRetry = () => {};
  #closed = false;

  constructor(
    private readonly connection: EtcdConnection,
    start: Revision,
    private readonly services: {
      readonly log: Logger;
      readonly clock: Clock;
      readonly currentRevision: () => Promise<Revision>;
    },
  ) {
    // An etcd that has never been written to stands at revision 1, and no event will ever have that number.
    this.#keptAfter = start <= completeRevision(1) ? 0 : start;
    this.#position = start;
    this.#shared = this.#openShared(start);
  }

  watch(options: { prefix: string; after: Revision }, handler: WatchHandler): StoreWatch {
    const watcher: Watcher = {
      prefix: options.prefix,
      handler,
      position: options.after,
      live: false,
      closed: false,
      catchUp: undefined,
      progressWanted: false,
    };
    this.#watchers.add(watcher);
    queueMicrotask(() => this.#join(watcher));
    return {
      requestProgress: () => {
        watcher.progressWanted = true;
        this.#askProgress();
      },
      close: () => this.#end(watcher),
    };
  }

  /** After a compaction: watches that begin before it are refused, although the events might still be at hand. */
  forget(revision: Revision): void {
    if (revision <= this.#keptAfter) return;
    this.#kept = this.#kept.filter((event) => event.revision > revision);
    this.#keptAfter = Math.min(revision, this.#position);
  }

  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#shared.close();
    for (const watcher of [...this.#watchers]) this.#end(watcher);
  }

  #openShared(after: Revision): EventStream {
    return new EventStream(
      this.connection,
      after,
      {
        onEvents: (events, through) => this.#publish(events, through),
        onCompacted: (error) => void this.#startOver(error),
      },
      this.services,
    );
  }

  #publish(events: readonly StoreEvent[], through: Revision): void {
    this.#kept.push(...events);
    this.#position = through;
    if (this.#kept.length > 2 * KEPT_EVENTS) {
      const dropped = this.#kept.splice(0, this.#kept.length - KEPT_EVENTS).at(-1);
      this.#keptAfter = dropped?.revision ?? this.#keptAfter;
    }
    for (const watcher of [...this.#watchers]) {
      if (!watcher.live) continue;
      this.#deliver(watcher, events, through);
      this.#answerProgress(watcher);
    }
  }

  #deliver(watcher: Watcher, events: readonly StoreEvent[], through: Revision): void {
    if (watcher.closed) return;
    const own = events.filter(
      (event) => event.revision > watcher.position && eventKey(event).startsWith(watcher.prefix),
    );
    watcher.position = Math.max(watcher.position, through);
    if (own.length > 0) watcher.handler.onEvents(own);
  }

  /** Goes live as soon as the kept events reach back far enough; reads history on its own stream until then. */
  #join(watcher: Watcher): void {
    if (watcher.closed || watcher.live) return;
    if (watcher.position >= this.#keptAfter) {
      watcher.catchUp?.close();
      watcher.catchUp = undefined;
      watcher.live = true;
      this.#deliver(watcher, this.#kept, this.#position);
      if (watcher.progressWanted) this.#askProgress();
      return;
    }
    watcher.catchUp ??= new EventStream(
      this.connection,
      watcher.position,
      {
        onEvents: (events, through) => {
          this.#deliver(watcher, events, through);
          this.#join(watcher);
        },
        onCompacted: (error) => this.#fail(watcher, error),
      },
      this.services,
    );
  }

  /** One question at a time; those who ask meanwhile are answered by the next one. */
  #askProgress(): void {
    if (this.#askingProgress || this.#closed) return;
    const asking = [...this.#watchers].filter(({ progressWanted, live }) => progressWanted && live);
    if (asking.length === 0) return;
    this.#askingProgress = true;
    for (const watcher of asking) watcher.progressWanted = false;
    this.services.currentRevision().then(
      (revision) => {
        this.#askingProgress = false;
        for (const watcher of asking) {
          this.#progressTargets.set(watcher, revision);
          this.#answerProgress(watcher);
        }
        this.#askProgress();
      },
      () => {
        // The store is away; its watch will come back, and so will this question.
        for (const watcher of asking) watcher.progressWanted = true;
        this.#cancelRetry = this.services.clock.after(PROGRESS_RETRY_MS, () => {
          this.#askingProgress = false;
          this.#askProgress();
        });
      },
    );
  }

  #answerProgress(watcher: Watcher): void {
    const target = this.#progressTargets.get(watcher);
    if (target === undefined || this.#position < target || watcher.closed) return;
    this.#progressTargets.delete(watcher);
    watcher.handler.onProgress(this.#position);
  }

  /** The shared stream was away for so long that history is gone: all watches end, later ones begin anew. */
  async #startOver(error: CompactedError): Promise<void> {
    // Nobody may join the old events any more.
    this.#keptAfter = Number.POSITIVE_INFINITY;
    for (const watcher of [...this.#watchers]) this.#fail(watcher, error);
    while (!this.#closed) {
      try {
        const revision = await this.services.currentRevision();
        this.#kept = [];
        this.#keptAfter = revision;
        this.#position = revision;
        this.#shared = this.#openShared(revision);
        for (const watcher of this.#watchers) this.#join(watcher);
        return;
      } catch {
        await new Promise<void>((resolve) => {
          this.#cancelRetry = this.services.clock.after(PROGRESS_RETRY_MS, resolve);
        });
      }
    }
  }

  #fail(watcher: Watcher, error: CompactedError): void {
    if (watcher.closed) return;
    this.#end(watcher);
    watcher.handler.onError(error);
  }

  #end(watcher: Watcher): void {
    watcher.closed = true;
    watcher.catchUp?.close();
    this.#progressTargets.delete(watcher);
    this.#watchers.delete(watcher);
  }
}
