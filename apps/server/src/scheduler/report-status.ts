import type { Client, Patch } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Logger } from '../component';
import type { PodInfo } from './snapshot/pod-info';

export type PodScheduledReason = 'Unschedulable' | 'SchedulingGated' | 'SchedulerError';

/** Writes at a time. Statuses of pods that wait must not crowd out bindings. */
const PARALLEL = 16;

/**
 * Writes PodScheduled=False to the status of pods that wait. The latest word about a pod replaces an unwritten one;
 * what the pod says already is not written again.
 */
export class StatusReporter {
  #waiting = new Map<string, { info: PodInfo; reason: PodScheduledReason; message: string }>();
  #writing = new Set<Promise<void>>();

  constructor(
    private readonly client: Pick<Client, 'patch'>,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  report(info: PodInfo, reason: PodScheduledReason, message: string): void {
    const current = scheduledCondition(info);
    if (current?.status === 'False' && current.reason === reason && current.message === message) {
      this.#waiting.delete(info.key);
      return;
    }
    this.#waiting.set(info.key, { info, reason, message });
    this.#pump();
  }

  /** The pod was placed or is gone. */
  drop(key: string): void {
    this.#waiting.delete(key);
  }

  /** Resolves when everything reported so far is written or given up. */
  async flush(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  #pump(): void {
    for (const [key, { info, reason, message }] of this.#waiting) {
      if (this.#writing.size >= PARALLEL) return;
      this.#waiting.delete(key);
      const write = this.#write(info, reason, message).finally(() => {
        this.#writing.delete(write);
        this.#pump();
      });
      this.#writing.add(write);
    }
  }

  async #write(info: PodInfo, reason: PodScheduledReason, message: string): Promise<void> {
    const before = scheduledCondition(info);
    const transition = before?.status === 'False' ? before.lastTransitionTime : this.#timeText();
    const patch: Patch = {
      type: 'strategic',
      body: {
        // Names the pod that is meant: one of the same name made since is refused.
        metadata: { uid: info.uid },
        status: {
          conditions: [
            { type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime: transition },
          ],
        },
      },
    };
    try {
      const ref = { namespace: info.namespace, name: info.name };
      await this.client.patch(podKind, ref, patch, { subresource: 'status' });
    } catch (error) {
      if (isNotFound(error) || isConflict(error)) return;
      this.log.warn({ err: error, pod: info.key }, 'could not write why the pod waits');
    }
  }

  #timeText(): string {
    return `${this.clock.now().toISOString().slice(0, 19)}Z`;
  }
}

function scheduledCondition({ pod }: PodInfo) {
  return pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
}
