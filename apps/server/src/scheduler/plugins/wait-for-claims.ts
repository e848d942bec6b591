import type { Clock } from '@wheelhouse/shared/clock';
import { SELECTED_NODE } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { keyOf } from '@wheelhouse/shared/meta/object';
import { type Claim, isBound, type VolumeWorld } from './volume-world';

export interface ClaimsToWaitFor {
  readonly claims: readonly Claim[];
  /** The node that they were promised for. */
  readonly node: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Resolves once all claims are bound; rejects when that takes too long, a claim goes, or its node is taken back. */
export function waitForClaims(world: VolumeWorld, wait: ClaimsToWaitFor): Promise<void> {
  const { claims, node, signal, clock, timeoutMs } = wait;
  return new Promise((resolve, reject) => {
    const asked = new Set<string>();
    const settle = (problem?: string) => {
      cancel();
      unsubscribe();
      signal.removeEventListener('abort', stopped);
      if (problem === undefined) resolve();
      else reject(new Error(problem));
    };
    const look = () => {
      let open = 0;
      for (const { metadata } of claims) {
        const key = keyOf({ metadata });
        const current = world.claims.get(key);
        if (!current || current.metadata.uid !== metadata.uid) {
          settle(`claim ${key} is gone`);
          return;
        }
        if (isBound(current)) continue;
        open += 1;
        const selected = current.metadata.annotations?.[SELECTED_NODE];
        if (selected === node) asked.add(key);
        else if (asked.has(key)) {
          settle(`no volume could be made for claim ${key} on node ${node}`);
          return;
        }
      }
      if (open === 0) settle();
    };
    const stopped = () => settle('the scheduler stops');
    const cancel = clock.after(timeoutMs, () => settle('timed out while waiting for volumes to be bound'));
    let unsubscribe: () => void = () => undefined;
    // The subscription tells of every known claim at once; one look after it is enough.
    let ready = false;
    const changed = () => {
      if (ready) look();
    };
    unsubscribe = world.claims.subscribe({ updated: changed, deleted: changed });
    ready = true;
    signal.addEventListener('abort', stopped, { once: true });
    if (signal.aborted) stopped();
    else look();
  });
}
