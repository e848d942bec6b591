import { isConflict } from '@wheelhouse/shared/errors';
import type { ObjectKey } from '@wheelhouse/shared/meta/object';
import type { Component, Logger } from '../../component';
import { type Reconciler, TerminalError } from './controller';

const DEFAULT_WORKERS = 4;

/** Starts the workers of one reconciler. `stop` lets the reconciles in hand finish and drops the rest. */
export function runReconciler(reconciler: Reconciler, log: Logger): Component {
  const { queue } = reconciler;
  let stopped = false;

  async function work(): Promise<void> {
    for (let key = await queue.get(); key !== undefined && !stopped; key = await queue.get()) {
      try {
        await reconcileOnce(key);
      } finally {
        queue.done(key);
      }
    }
  }

  async function reconcileOnce(key: ObjectKey): Promise<void> {
    try {
      const outcome = await reconciler.reconcile(key);
      queue.forget(key);
      if (outcome) queue.addAfter(key, outcome.requeueAfterMs);
    } catch (error) {
      if (error instanceof TerminalError) {
        log.error({ err: error, key }, 'giving up until the object changes');
        queue.forget(key);
        return;
      }
      // Somebody else wrote first: everyday life, and the next attempt reads the newer object.
      if (isConflict(error)) log.debug({ err: error, key }, 'conflict, trying again');
      else log.warn({ err: error, key }, 'reconcile failed, trying again');
      queue.addRateLimited(key);
    }
  }

  const workers = Array.from({ length: reconciler.workers ?? DEFAULT_WORKERS }, work);
  return {
    async stop() {
      stopped = true;
      queue.shutDown();
      await Promise.all(workers);
    },
  };
}
