import type { Revision, StoreEvent, StoreWatch, WatchHandler } from '../store';

/** Where a watch that begins in the past reads from. */
export interface EventLog {
  /** The newest revision that watchers may see. */
  readonly current: Revision;
  /** Up to `limit` events after `after`, and how far that read got. Throws CompactedError. */
  read(after: Revision, prefix: string, limit: number): { events: StoreEvent[]; through: Revision };
}

const CATCH_UP_CHUNK = 1000;

interface Watcher {
  readonly prefix: string;
  readonly handler: WatchHandler;
  /** Everything up to here has been delivered. */
  position: Revision;
  /** False while it still reads from the log; commits are then left for it to find there. */
  live: boolean;
  closed: boolean;
  progressWanted: boolean;
}

/**
 * Delivers commits to watchers, each event once and in order. A new watcher first reads the log in chunks, giving
 * the event loop back between them, and turns live in the very turn in which it has reached the newest revision.
 */
export class WatchFeed {
  readonly #watchers = new Set<Watcher>();

  constructor(private readonly log: EventLog) {}

  watch(options: { prefix: string; after: Revision }, handler: WatchHandler): StoreWatch {
    const watcher: Watcher = {
      prefix: options.prefix,
      handler,
      position: options.after,
      live: false,
      closed: false,
      progressWanted: false,
    };
    this.#watchers.add(watcher);
    queueMicrotask(() => this.#catchUp(watcher));
    return {
      requestProgress: () => {
        if (watcher.progressWanted) return;
        watcher.progressWanted = true;
        queueMicrotask(() => this.#answerProgress(watcher));
      },
      close: () => this.#end(watcher),
    };
  }

  /** True when some watcher follows this key: only then is its previous value worth reading. */
  follows(key: string): boolean {
    for (const watcher of this.#watchers) if (key.startsWith(watcher.prefix)) return true;
    return false;
  }

  /** Hands over one commit; `log.current` must already be the revision of its last event. */
  publish(events: readonly StoreEvent[]): void {
    const through = this.log.current;
    for (const watcher of [...this.#watchers]) {
      if (!watcher.live || watcher.closed) continue;
      const own = events.filter(
        (event) => event.revision > watcher.position && matches(event, watcher.prefix),
      );
      watcher.position = Math.max(watcher.position, through);
      if (own.length > 0) watcher.handler.onEvents(own);
    }
  }

  /** After a commit whose outcome had to be read back from disk: everyone reads the log from where they stand. */
  reread(): void {
    for (const watcher of this.#watchers) {
      if (!watcher.live) continue;
      watcher.live = false;
      queueMicrotask(() => this.#catchUp(watcher));
    }
  }

  close(): void {
    for (const watcher of [...this.#watchers]) this.#end(watcher);
  }

  #catchUp(watcher: Watcher): void {
    if (watcher.closed) return;
    try {
      const { events, through } = this.log.read(watcher.position, watcher.prefix, CATCH_UP_CHUNK);
      watcher.position = Math.max(watcher.position, through);
      watcher.live = watcher.position >= this.log.current;
      if (events.length > 0) watcher.handler.onEvents(events);
    } catch (error) {
      this.#end(watcher);
      watcher.handler.onError(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (watcher.live) this.#answerProgress(watcher);
    else setImmediate(() => this.#catchUp(watcher));
  }

  #answerProgress(watcher: Watcher): void {
    if (watcher.closed || !watcher.live || !watcher.progressWanted) return;
    watcher.progressWanted = false;
    watcher.handler.onProgress(this.log.current);
  }

  #end(watcher: Watcher): void {
    watcher.closed = true;
    this.#watchers.delete(watcher);
  }
}

function matches(event: StoreEvent, prefix: string): boolean {
  return (event.type === 'put' ? event.entry.key : event.key).startsWith(prefix);
}
