import type { WatchEvent, WatchOptions } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { compileSelection } from '../registry/select';
import type { StoredResource } from '../registry/stored-resource';
import { startWatch } from '../registry/watch';
import type { Renderer } from '../registry/watch-cache';

/** How often a watcher that allows them gets a bookmark while nothing happens. */
export const BOOKMARK_MS = 60_000;
export const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** A bookmark's object: nothing of it counts but its revision. */
export function bookmarkObject(
  resource: StoredResource,
  revision: number,
  closesInitial: boolean,
): Stored<KubeObject> {
  const { kind } = resource;
  return {
    kind: kind.kind,
    apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
    metadata: {
      name: '',
      uid: '',
      resourceVersion: String(revision),
      ...(closesInitial ? { annotations: { [INITIAL_EVENTS_END]: 'true' } } : {}),
    },
  };
}

/**
 * A watch for a caller in this process: the events hold the shared, frozen objects. It reads at the caller's pace;
 * a caller that falls too far behind gets Expired, like any other.
 */
export async function* watchObjects(
  resource: StoredResource,
  options: WatchOptions,
  clock: Clock,
): AsyncGenerator<WatchEvent<KubeObject>> {
  const { signal } = options;
  if (signal?.aborted) return;
  const selection = compileSelection(resource.kind, options, (object) => viewOf(resource, object));
  const start = await startWatch(resource, { ...options, selection }, rendererOf(resource));
  const { watcher } = start;
  const sleeper = new Sleeper();
  const wake = () => sleeper.wake();
  watcher.onWake = wake;
  signal?.addEventListener('abort', wake, { once: true });
  let ended = false;
  const cancelEnd =
    options.timeoutSeconds && options.timeoutSeconds > 0
      ? clock.after(options.timeoutSeconds * 1000, () => {
          ended = true;
          wake();
        })
      : undefined;
  let bookmarkDue = false;
  let cancelBookmark: (() => void) | undefined;
  const scheduleBookmark = () => {
    cancelBookmark = clock.after(BOOKMARK_MS, () => {
      bookmarkDue = true;
      scheduleBookmark();
      wake();
    });
  };
  if (options.allowWatchBookmarks) scheduleBookmark();
  try {
    for (const entry of start.initial ?? []) {
      if (signal?.aborted) return;
      yield { type: 'ADDED', object: resource.view(entry) };
    }
    if (options.sendInitialEvents)
      yield { type: 'BOOKMARK', object: bookmarkObject(resource, start.revision, true) };
    for (;;) {
      if (signal?.aborted) return;
      const pending = resource.kind.convertOutside && resource.prepared(watcher.upcoming());
      if (pending) {
        await pending;
        continue;
      }
      const events = watcher.pull();
      if (events !== undefined) {
        for (const event of events) {
          if (signal?.aborted) return;
          yield event;
        }
        continue;
      }
      if (ended) return;
      if (bookmarkDue) {
        bookmarkDue = false;
        yield { type: 'BOOKMARK', object: bookmarkObject(resource, resource.services.feed.revision, false) };
        continue;
      }
      await sleeper.sleep();
    }
  } finally {
    cancelEnd?.();
    cancelBookmark?.();
    signal?.removeEventListener('abort', wake);
    watcher.close();
  }
}

/** Lets one sleeper wait for a wake-up that may come first. */
class Sleeper {
  #woken = false;
  #resolve: (() => void) | undefined;

  wake(): void {
    const resolve = this.#resolve;
    if (!resolve) {
      this.#woken = true;
      return;
    }
    this.#resolve = undefined;
    resolve();
  }

  sleep(): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }
}

const renderers = new WeakMap<StoredResource, Renderer<readonly WatchEvent<KubeObject>[]>>();

function rendererOf(resource: StoredResource): Renderer<readonly WatchEvent<KubeObject>[]> {
  let renderer = renderers.get(resource);
  if (!renderer) {
    renderer = {
      id: `objects ${resource.kind.group}/${resource.kind.version}`,
      render: (changes) => changes.map(({ type, entry }) => ({ type, object: resource.view(entry) })),
    };
    renderers.set(resource, renderer);
  }
  return renderer;
}

/** Field readers know the kind's own form; the cache hands out the stored one. */
export function viewOf(resource: StoredResource, object: Stored<KubeObject>): KubeObject {
  return resource.viewOf(object);
}
