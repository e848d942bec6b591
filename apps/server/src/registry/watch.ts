import type { Entry } from './entry';
import { parseRevision } from './list';
import { type Selection, selects } from './selection';
import type { StoredResource } from './stored-resource';
import type { Renderer, Watcher } from './watch-cache';

export interface WatchRequest {
  readonly selection: Selection;
  readonly resourceVersion?: string | undefined;
  /** Undefined: as without the parameter, i.e. initial events only where no revision is given. */
  readonly sendInitialEvents?: boolean | undefined;
}

export interface WatchStart<T> {
  readonly watcher: Watcher<T>;
  /** What there was when the watch began, to be sent as ADDED; undefined when it resumes from a revision. */
  readonly initial: readonly Entry[] | undefined;
  /** The revision that `initial` was true at. */
  readonly revision: number;
}

/**
 * Begins a watch. Without a revision (or with `0`, or with sendInitialEvents) it starts with the present state;
 * with one it sends what came after it and nothing else. Throws Expired for a revision that is too old and Timeout
 * for one that has not come to pass.
 */
export async function startWatch<T>(
  resource: StoredResource,
  request: WatchRequest,
  renderer: Renderer<T>,
): Promise<WatchStart<T>> {
  const { feed } = resource.services;
  const { selection, sendInitialEvents } = request;
  const revision = request.resourceVersion ? parseRevision(request.resourceVersion) : undefined;
  const wantsState = sendInitialEvents ?? !revision;
  if (revision === undefined) await feed.fresh();
  else if (revision > 0) await feed.reached(revision);
  for (;;) {
    const pending = selection.readsFields && wantsState && resource.prepared(resource.cache.index.all());
    if (!pending) break;
    await pending;
  }
  if (!wantsState && revision) {
    return { watcher: resource.cache.watch(selection, renderer, revision), initial: undefined, revision };
  }
  // Nothing is awaited between the two, so that no event falls between the state and the watcher.
  const watcher = resource.cache.watchFromNow(selection, renderer);
  const initial = wantsState ? stateOf(resource, selection) : undefined;
  const at = feed.revision;
  const pending = initial && resource.prepared(initial);
  if (pending) {
    await pending.catch((error: unknown) => {
      watcher.close();
      throw error;
    });
  }
  return { watcher, initial, revision: at };
}

function stateOf(resource: StoredResource, selection: Selection): Entry[] {
  const { index } = resource.cache;
  const entries = selection.namespace === undefined ? index.all() : index.inNamespace(selection.namespace);
  const found: Entry[] = [];
  for (const entry of entries) if (selects(selection, entry)) found.push(entry);
  return found;
}
