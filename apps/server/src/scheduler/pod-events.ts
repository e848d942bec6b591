import type { Client } from '@wheelhouse/shared/client/client';
import { createEventRecorder, type EventRecorder } from '@wheelhouse/shared/client/event-recorder';
import type { Clock } from '@wheelhouse/shared/clock';
import type { Logger } from '../component';
import type { PodInfo } from './snapshot/pod-info';

/** Writers at a time. A recorder writes one event after the other, which a thousand bindings a second outrun. */
const WRITERS = 16;
const LOG_EVERY_MS = 10_000;

/** Events about pods, written by several recorders at a time; those about one pod stay in order. */
export class PodEvents {
  #recorders: readonly EventRecorder[];
  #lost = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    client: Client,
    private readonly options: { component: string; clock: Clock; log: Logger },
  ) {
    const { component, clock } = options;
    const onError = (error: unknown) => this.#failed(error);
    this.#recorders = Array.from({ length: WRITERS }, () =>
      createEventRecorder(client, { component, clock, onError }),
    );
  }

  record({ pod, key }: PodInfo, type: 'Normal' | 'Warning', reason: string, message: string): void {
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
    this.#recorders[Math.abs(hash % WRITERS)]?.record(pod, type, reason, message);
  }

  /** Writes what waits, then ends. */
  async stop(): Promise<void> {
    await Promise.all(this.#recorders.map((recorder) => recorder.flush()));
    for (const recorder of this.#recorders) recorder.stop();
  }

  /** In a flood thousands may be lost at once: one line tells of them all. */
  #failed(error: unknown): void {
    this.#lost++;
    const now = this.options.clock.monotonic();
    if (now - this.#loggedAt < LOG_EVERY_MS) return;
    this.#loggedAt = now;
    this.options.log.warn({ err: error, lost: this.#lost }, 'scheduler: events were not written');
    this.#lost = 0;
  }
}
