import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node } from 'kubernetes-types/core/v1';
import { readyStatus } from './health';

/** How far a zone is disturbed: the more of it is silent, the likelier the network failed and not the nodes. */
export type ZoneState = 'normal' | 'partial' | 'full';

export interface Zone {
  readonly state: ZoneState;
  /** Nodes that were counted. */
  readonly size: number;
}

export interface EvictionRates {
  /** Nodes of a zone whose pods may begin to move, per second. */
  readonly normal: number;
  /** The same in a large zone of which a good part is not ready. */
  readonly secondary: number;
  /** A zone of more nodes than this is large; a small one that is partly down moves nothing. */
  readonly largeZone: number;
  /** Share of nodes not ready from which on a zone counts as partly down. */
  readonly unhealthyShare: number;
}

/** kube-controller-manager's defaults. */
export const DEFAULT_RATES: EvictionRates = {
  normal: 0.1,
  secondary: 0.01,
  largeZone: 50,
  unhealthyShare: 0.55,
};

/** Two nodes may fail by themselves at the same time; from three on it is a pattern. */
const FEW = 2;
const EXCLUDED = 'node.kubernetes.io/exclude-disruption';

/** Zones of the same name in different regions are different ones; without labels there is one zone, the empty one. */
export function zoneKeyOf(node: Node): string {
  const labels = node.metadata?.labels ?? {};
  const region =
    labels['topology.kubernetes.io/region'] ?? labels['failure-domain.beta.kubernetes.io/region'];
  const zone = labels['topology.kubernetes.io/zone'] ?? labels['failure-domain.beta.kubernetes.io/zone'];
  return region || zone ? `${region ?? ''}:\0:${zone ?? ''}` : '';
}

/**
 * The state of each zone that has nodes. Nodes that have not reported yet, or are excluded by label, do not count.
 * `isSilent` tells of nodes that have just fallen silent, before their conditions say so.
 */
export function zonesOf(
  nodes: readonly Stored<Node>[],
  options: { readonly unhealthyShare: number; isSilent?(name: string): boolean },
): Map<string, Zone> {
  const counts = new Map<string, { ready: number; notReady: number }>();
  for (const node of nodes) {
    if (EXCLUDED in (node.metadata.labels ?? {})) continue;
    if (!node.status?.conditions?.some(({ type }) => type === 'Ready')) continue;
    const key = zoneKeyOf(node);
    const count = counts.get(key) ?? { ready: 0, notReady: 0 };
    counts.set(key, count);
    if (readyStatus(node) === 'True' && !options.isSilent?.(node.metadata.name)) count.ready += 1;
    else count.notReady += 1;
  }
  const zones = new Map<string, Zone>();
  for (const [key, { ready, notReady }] of counts) {
    const size = ready + notReady;
    const partial = notReady > FEW && notReady / size >= options.unhealthyShare;
    zones.set(key, { size, state: ready === 0 && notReady > 0 ? 'full' : partial ? 'partial' : 'normal' });
  }
  return zones;
}

/** True when no node of any zone is well: then it is our own network, and moving pods would only do harm. */
export function isAllDisrupted(zones: ReadonlyMap<string, Zone>): boolean {
  return zones.size > 0 && [...zones.values()].every(({ state }) => state === 'full');
}

/** Nodes of this zone per second that may get a taint that drives pods away; 0 is none. */
export function evictionRate(
  zones: ReadonlyMap<string, Zone>,
  key: string,
  rates: EvictionRates = DEFAULT_RATES,
): number {
  if (isAllDisrupted(zones)) return 0;
  const zone = zones.get(key);
  if (zone?.state !== 'partial') return rates.normal;
  return zone.size > rates.largeZone ? rates.secondary : 0;
}

/**
 * Permits for one zone: one at once, then one per 1/rate seconds. A change of the rate lets what has been saved up
 * stand.
 */
export class EvictionLimiter {
  #permits = 1;
  #at: number;
  #rate: number;

  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#at = now;
  }

  setRate(rate: number, now: number): void {
    this.#refill(now);
    this.#rate = rate;
  }

  /** 0: granted. Otherwise the milliseconds until the next permit; undefined while there will be none. */
  take(now: number): number | undefined {
    const waitMs = this.waitMs(now);
    if (waitMs === 0) this.#permits = Math.max(0, this.#permits - 1);
    return waitMs;
  }

  /** What `take` would answer, without taking. */
  waitMs(now: number): number | undefined {
    if (this.#rate <= 0) return undefined;
    this.#refill(now);
    // Whole milliseconds of the clock against fractions of a permit: what is missing by rounding is granted.
    if (this.#permits >= 1 - 1e-9) return 0;
    return Math.ceil(((1 - this.#permits) / this.#rate) * 1000);
  }

  /** Calls may come with times that are slightly out of order; time that was counted is not counted back. */
  #refill(now: number): void {
    if (now <= this.#at) return;
    this.#permits = Math.min(1, this.#permits + (this.#rate * (now - this.#at)) / 1000);
    this.#at = now;
  }
}
