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
  /** By the scheduler that speaks: each profile does so under its own name. */
  #recorders = new Map<string, readonly EventRecorder[]>();
  #lost = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly client: Client,
    private readonly options: { clock: Clock; log: Logger },
  ) {}

  record({ pod, key }: PodInfo, type: 'Normal' | 'Warning', reason: string, message: string): void {
    let hash = 0;
    for (let i = 0; i < key.length; i++) hash = (hash * 31 + key.charCodeAt(i)) | 0;
    const recorders = this.#recordersOf(pod.spec?.schedulerName || 'default-scheduler');
    recorders[Math.abs(hash % WRITERS)]?.record(pod, type, reason, message);
  }

  /** Writes what waits, then ends. */
  async stop(): Promise<void> {
    const all = [...this.#recorders.values()].flat();
    await Promise.all(all.map((recorder) => recorder.flush()));
    for (const recorder of all) recorder.stop();
  }

  #recordersOf(component: string): readonly EventRecorder[] {
    const known = this.#recorders.get(component);
    if (known) return known;
    const { clock } = this.options;
    const onError = (error: unknown) => this.#failed(error);
    const made = Array.from({ length: WRITERS }, () =>
      createEventRecorder(this.client, { component, clock, onError }),
    );
    this.#recorders.set(component, made);
    return made;
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
