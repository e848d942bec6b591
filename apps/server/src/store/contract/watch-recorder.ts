import type { Revision, Store, StoreEvent, StoreWatch, WatchHandler } from '../store';

/** Records what a watch delivers, and lets tests await it. */
export class WatchRecorder implements WatchHandler {
  readonly events: StoreEvent[] = [];
  readonly progress: Revision[] = [];
  error: Error | undefined;
  #waiters: (() => void)[] = [];
  readonly watch: StoreWatch;

  constructor(store: Store, options: { prefix: string; after: Revision }) {
    this.watch = store.watch(options, this);
  }

  onEvents(events: readonly StoreEvent[]): void {
    this.events.push(...events);
    this.#wake();
  }

  onProgress(revision: Revision): void {
    this.progress.push(revision);
    this.#wake();
  }

  onError(error: Error): void {
    this.error = error;
    this.#wake();
  }

  /** Resolves once the condition holds; it is looked at after each delivery. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  /** `put /a 1`, `delete /a` …: what happened, without revisions. */
  summary(): string[] {
    return this.events.map((event) =>
      event.type === 'put' ? `put ${event.entry.key} ${text(event.entry.value)}` : `delete ${event.key}`,
    );
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

export const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
export const text = (value: Uint8Array): string => new TextDecoder().decode(value);
