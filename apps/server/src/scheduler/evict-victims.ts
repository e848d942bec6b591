import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Logger } from '../component';
import type { RefusedStep } from './core/scheduler-core';
import type { WaitingPods } from './framework/waiting-pods';
import type { PodEvents } from './pod-events';
import type { PodInfo } from './snapshot/pod-info';

/** Deletions at a time. */
const PARALLEL = 16;

export interface EvictorOptions {
  readonly client: Pick<Client, 'patch' | 'delete'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: Pick<PodEvents, 'record'>;
  readonly waitingPods: WaitingPods;
  /** The pod stays: it could not be deleted. */
  readonly onFailure: (victim: PodInfo, node: string) => void;
}

/**
 * Has pods leave to make room for a more important one: marks them as disrupted, deletes them with their own grace
 * and says so in events. A victim that is not bound yet loses its reservation instead.
 */
export class Evictor {
  #waiting: (() => Promise<void>)[] = [];
  #running = new Set<Promise<void>>();

  constructor(private readonly options: EvictorOptions) {}

  /** Begins; `step` is a refusal that was nominated to a node. */
  evict({ info, nominated = '', evict = [] }: RefusedStep): void {
    for (const victim of evict) {
      if (this.options.waitingPods.reject(victim.uid, 'DefaultPreemption', 'preempted')) continue;
      this.#waiting.push(() => this.#evictOne(victim, info, nominated));
    }
    this.#pump();
  }

  /** Resolves when everything begun so far is done or given up. */
  async flush(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #pump(): void {
    while (this.#running.size < PARALLEL) {
      const task = this.#waiting.shift();
      if (!task) return;
      const run = task().finally(() => {
        this.#running.delete(run);
        this.#pump();
      });
      this.#running.add(run);
    }
  }

  async #evictOne(victim: PodInfo, by: PodInfo, node: string): Promise<void> {
    const { client, events, log, onFailure } = this.options;
    const ref = { namespace: victim.namespace, name: victim.name };
    try {
      await client.patch(podKind, ref, this.#disrupted(victim, by), { subresource: 'status' });
      await client.delete(podKind, ref, { preconditions: { uid: victim.uid } });
      events.record(victim, 'Normal', 'Preempted', `Preempted by pod ${by.uid} on node ${node}`);
    } catch (error) {
      if (isNotFound(error)) return; // It has gone by itself.
      if (!isConflict(error))
        log.warn({ err: error, pod: victim.key }, 'could not evict a pod for another one');
      onFailure(victim, node);
    }
  }

  #disrupted(victim: PodInfo, by: PodInfo) {
    const schedulerName = by.pod.spec?.schedulerName ?? 'default-scheduler';
    return {
      type: 'strategic' as const,
      body: {
        // Names the pod that is meant: one of the same name made since is refused.
        metadata: { uid: victim.uid },
        status: {
          conditions: [
            {
              type: 'DisruptionTarget',
              status: 'True',
              reason: 'PreemptionByScheduler',
              message: `${schedulerName}: preempting to accommodate a higher priority pod`,
              lastTransitionTime: `${this.options.clock.now().toISOString().slice(0, 19)}Z`,
            },
          ],
        },
      },
    };
  }
}
