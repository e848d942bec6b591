import type { Clock } from '@wheelhouse/shared/clock';
import type { StoredResource } from '../registry/stored-resource';
import type { WatchStart } from '../registry/watch';
import type { Res } from './extension';
import { BOOKMARK_MS, bookmarkObject } from './in-process-watch';
import type { Shape } from './presentation';
import { drained, writerOf } from './respond';
import { bookmarkFrame, errorFrame, initialFrames } from './watch-frames';
import { chunkOutlet, type Outlet, plainOutlet } from './watch-outlet';

/** Without a timeout of the client's own, a watch ends after half an hour to an hour, so that load spreads anew. */
const SHORTEST_SECONDS = 1800;

/** However long a round took, the next begins after this. */
const LONGEST_PAUSE_MS = 25;

/**
 * Wakes all streams that have something to send, in rounds: once per turn of the event loop, however many events it
 * brought. A long round (many watchers) is followed by a pause of its own length, in which requests get their turn
 * and events gather: the busier it gets, the more events go out with each write.
 */
export class StreamPump {
  readonly #due = new Set<() => void>();
  #scheduled = false;
  #pauseUntil = 0;

  constructor(private readonly clock: Clock) {}

  schedule(pump: () => void): void {
    this.#due.add(pump);
    if (this.#scheduled) return;
    this.#scheduled = true;
    const pause = this.#pauseUntil - this.clock.monotonic();
    if (pause > 1) this.clock.after(pause, () => this.#round());
    else setImmediate(() => this.#round());
  }

  #round(): void {
    this.#scheduled = false;
    const due = [...this.#due];
    this.#due.clear();
    const start = this.clock.monotonic();
    for (const run of due) run();
    const end = this.clock.monotonic();
    this.#pauseUntil = end + Math.min(end - start, LONGEST_PAUSE_MS);
  }
}

export interface WatchStreamOptions {
  /** The media type of the stream. */
  readonly type: string;
  readonly resource: StoredResource;
  readonly start: WatchStart<Buffer>;
  readonly shape: Shape;
  /** How the watcher renders its blocks: see {@link takesChunks}. */
  readonly chunked: boolean;
  readonly bookmarks: boolean;
  /** The client asked for the bookmark that closes the initial events. */
  readonly closeInitial: boolean;
  readonly timeoutSeconds: number | undefined;
  readonly clock: Clock;
  readonly pump: StreamPump;
  readonly warnings: readonly string[];
  /** Ends the stream when the server stops. Returns its own removal. */
  readonly onStop: (end: () => void) => () => void;
}

/** Writes a watch's events to a response, at the reader's pace, until either side ends it. Resolves at the end. */
export async function streamWatch(res: Res, options: WatchStreamOptions): Promise<void> {
  const { resource, start, shape } = options;
  const { watcher } = start;
  const writer = writerOf(res);
  let open = true;
  writer.once('close', () => {
    open = false;
    watcher.close();
  });
  writer.writeHead(200, { 'content-type': options.type, 'cache-control': 'no-cache, private' });
  flush(res);
  for (const block of initialFrames(resource, start.initial ?? [], shape)) {
    if (!open) return;
    if (!writer.write(block)) await drained(writer);
  }
  if (options.closeInitial && options.bookmarks && open) {
    writer.write(bookmarkFrame(shape, bookmarkObject(resource, start.revision, true)));
  }
  if (!open) return;
  await follow(res, options);
}

/** Headers go out now: clients wait for them before they look at events. */
function flush(res: Res): void {
  if ('flushHeaders' in res && typeof res.flushHeaders === 'function') res.flushHeaders();
}

function follow(res: Res, options: WatchStreamOptions): Promise<void> {
  const { resource, start, shape, clock } = options;
  const { watcher } = start;
  const writer = writerOf(res);
  const plain = plainOutlet(res);
  const events = options.chunked ? chunkOutlet(res) : plain;
  return new Promise((resolve) => {
    let blocked = false;
    let finished = false;

    const finish = (last?: Buffer) => {
      if (finished) return;
      finished = true;
      cancelTimeout();
      cancelBookmark();
      forgetStop();
      watcher.close();
      if (!writer.destroyed && !writer.writableEnded) writer.end(last);
      resolve();
    };
    const resume = () => {
      blocked = false;
      pump();
    };
    const write = (outlet: Outlet, block: Buffer) => {
      if (outlet.write(block)) return;
      blocked = true;
      outlet.onceDrained(resume);
    };
    const pump = () => {
      while (!blocked && !finished) {
        const pending = resource.kind.convertOutside && resource.prepared(watcher.upcoming());
        if (pending) {
          blocked = true;
          pending.then(resume, (error: unknown) => finish(errorFrame(shape, error)));
          return;
        }
        let block: Buffer | undefined;
        try {
          block = watcher.pull();
        } catch (error) {
          finish(errorFrame(shape, error));
          return;
        }
        if (block === undefined) return;
        if (block.length > 0) write(events, block);
      }
    };
    const bookmark = () =>
      bookmarkFrame(shape, bookmarkObject(resource, resource.services.feed.revision, false));
    const seconds = options.timeoutSeconds ?? SHORTEST_SECONDS * (1 + Math.random());
    const end = () => {
      pump();
      // A last bookmark saves the client from listing what it has seen.
      finish(options.bookmarks && !blocked ? bookmark() : undefined);
    };
    const cancelTimeout = clock.after(seconds * 1000, end);
    let cancelBookmark = () => {};
    const scheduleBookmark = () => {
      cancelBookmark = clock.after(BOOKMARK_MS, () => {
        pump();
        if (!blocked && !finished) write(plain, bookmark());
        if (!finished) scheduleBookmark();
      });
    };
    if (options.bookmarks) scheduleBookmark();
    const forgetStop = options.onStop(end);
    writer.once('close', () => finish());
    watcher.onWake = () => options.pump.schedule(pump);
    pump();
  });
}
