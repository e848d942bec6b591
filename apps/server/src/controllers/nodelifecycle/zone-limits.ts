import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node } from 'kubernetes-types/core/v1';
import type { ControllerContext, Outcome, Reconciler } from '../machinery/controller';
import { sameJson } from '../machinery/same-json';
import { readyStatus } from './health';
import {
  DEFAULT_RATES,
  EvictionLimiter,
  evictionRate,
  isAllDisrupted,
  type Zone,
  zoneKeyOf,
  zonesOf,
} from './zones';

export type Permission =
  | { readonly granted: true }
  /** Undefined: not before the state of the zones changes, which `onChange` is told of. */
  | { readonly granted: false; readonly afterMs: number | undefined };

export interface ZoneLimits {
  /** No node of any zone is well. */
  isAllDisrupted(): boolean;
  /** Takes a permit of the node's zone. */
  take(node: Stored<Node>): Permission;
  /** Follows the zones; its one key stands for all of them. */
  readonly reconciler: Reconciler;
}

export interface ZoneLimitsOptions {
  /** Nodes that have fallen silent, also those whose conditions do not say so yet. */
  isSilent(name: string): boolean;
  /** A zone has got better or worse: who was refused may ask again. */
  onChange(nodes: readonly Stored<Node>[]): void;
}

/** Follows the state of the zones and says how fast nodes of each may lose their pods. */
export function followZones(context: ControllerContext, options: ZoneLimitsOptions): ZoneLimits {
  const { clock, log } = context;
  const rates = { ...DEFAULT_RATES, ...context.settings.evictionRates };
  const queue = context.queue();
  const nodes = context.cache(nodeKind);
  const limiters = new Map<string, EvictionLimiter>();
  let zones: ReadonlyMap<string, Zone> | undefined;

  function look(): ReadonlyMap<string, Zone> {
    const all = nodes.list();
    const before = zones;
    const current = zonesOf(all, { unhealthyShare: rates.unhealthyShare, isSilent: options.isSilent });
    zones = current;
    const now = clock.monotonic();
    for (const key of limiters.keys()) if (!current.has(key)) limiters.delete(key);
    for (const key of current.keys()) {
      const rate = evictionRate(current, key, rates);
      const limiter = limiters.get(key);
      if (limiter) limiter.setRate(rate, now);
      else limiters.set(key, new EvictionLimiter(rate, now));
    }
    if (!sameJson(statesOf(current), statesOf(before ?? new Map()))) {
      log.info({ zones: statesOf(current) }, 'the state of zones has changed');
      options.onChange(all);
    }
    return current;
  }

  const lookSoon = () => queue.add('all');
  context.informer(nodeKind).subscribe({
    added: lookSoon,
    updated(node, previous) {
      if (readyStatus(node) !== readyStatus(previous) || zoneKeyOf(node) !== zoneKeyOf(previous)) lookSoon();
    },
    deleted: lookSoon,
  });

  return {
    isAllDisrupted: () => isAllDisrupted(zones ?? look()),
    take(node) {
      const key = zoneKeyOf(node);
      const now = clock.monotonic();
      // Many nodes may have fallen silent with this one: before anything is granted, count again.
      if (!zones || limiters.get(key)?.waitMs(now) === 0) look();
      const afterMs = limiters.get(key)?.take(now);
      return afterMs === 0 ? { granted: true } : { granted: false, afterMs };
    },
    reconciler: {
      name: 'zones',
      queue,
      workers: 1,
      async reconcile(): Promise<Outcome> {
        look();
      },
    },
  };
}

function statesOf(zones: ReadonlyMap<string, Zone>): Record<string, string> {
  return Object.fromEntries([...zones].map(([key, { state }]): [string, string] => [key, state]).sort());
}
