import type { Client, Patch } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isConflict, isNotFound } from '@wheelhouse/shared/errors';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Logger } from '../component';
import type { PodInfo } from './snapshot/pod-info';

export type PodScheduledReason = 'Unschedulable' | 'SchedulingGated' | 'SchedulerError';

/** What a waiting pod's status is to say. */
export interface WaitingReport {
  readonly reason: PodScheduledReason;
  readonly message: string;
  /** The node that is kept for it; '' when none is any more. Undefined leaves it as it is. */
  readonly nominated?: string;
}

/** Writes at a time. Statuses of pods that wait must not crowd out bindings. */
const PARALLEL = 16;

/**
 * Writes PodScheduled=False to the status of pods that wait. The latest word about a pod replaces an unwritten one;
 * what the pod says already is not written again.
 */
export class StatusReporter {
  #waiting = new Map<string, { info: PodInfo; report: WaitingReport }>();
  #writing = new Set<Promise<void>>();

  constructor(
    private readonly client: Pick<Client, 'patch'>,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  report(info: PodInfo, report: WaitingReport): void {
    const current = scheduledCondition(info);
    const { reason, message, nominated } = report;
    const isSaid = current?.status === 'False' && current.reason === reason && current.message === message;
    const isNominated = nominated === undefined || nominated === (info.pod.status?.nominatedNodeName ?? '');
    if (isSaid && isNominated) {
      this.#waiting.delete(info.key);
      return;
    }
    this.#waiting.set(info.key, { info, report });
    this.#pump();
  }

  /** The node is no longer kept for the pod: a more important one takes it. */
  dismiss(info: PodInfo): void {
    const waiting = this.#waiting.get(info.key);
    const condition = scheduledCondition(info);
    const report = waiting?.report ?? {
      reason: 'Unschedulable' as const,
      message: condition?.message ?? '',
    };
    this.#waiting.set(info.key, { info, report: { ...report, nominated: '' } });
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
    for (const [key, { info, report }] of this.#waiting) {
      if (this.#writing.size >= PARALLEL) return;
      this.#waiting.delete(key);
      const write = this.#write(info, report).finally(() => {
        this.#writing.delete(write);
        this.#pump();
      });
      this.#writing.add(write);
    }
  }

  async #write(info: PodInfo, { reason, message, nominated }: WaitingReport): Promise<void> {
    const before = scheduledCondition(info);
    const transition = before?.status === 'False' ? before.lastTransitionTime : this.#timeText();
    const patch: Patch = {
      type: 'strategic',
      body: {
        // Names the pod that is meant: one of the same name made since is refused.
        metadata: { uid: info.uid },
        status: {
          ...(nominated === undefined ? {} : { nominatedNodeName: nominated === '' ? null : nominated }),
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
