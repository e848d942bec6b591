import type { Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import type { Node } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { DEFAULT_RATES, EvictionLimiter, evictionRate, isAllDisrupted, zoneKeyOf, zonesOf } from './zones';

interface ZoneCase {
  /** Zone → how many of its nodes are ready, not ready, excluded from counting, and have not reported. */
  readonly zones: Record<
    string,
    { ready?: number; notReady?: number; excluded?: number; unreported?: number }
  >;
}

function nodesOf({ zones }: ZoneCase): Stored<Node>[] {
  const nodes: Stored<Node>[] = [];
  for (const [zone, counts] of Object.entries(zones)) {
    for (const [state, count] of Object.entries(counts)) {
      for (let i = 0; i < count; i += 1) nodes.push(nodeOf(zone, state, `${zone}-${state}-${i}`));
    }
  }
  return nodes;
}

function nodeOf(zone: string, state: string, name: string): Stored<Node> {
  const status = state === 'ready' ? 'True' : 'Unknown';
  const labels: Record<string, string> = { 'topology.kubernetes.io/zone': zone };
  if (state === 'excluded') labels['node.kubernetes.io/exclude-disruption'] = '';
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: { name, uid: name, resourceVersion: '1', labels },
    status: { conditions: state === 'unreported' ? [] : [{ type: 'Ready', status }] },
  };
}

describe('zones', () => {
  goldenCases<ZoneCase>(import.meta.url, 'zones', (input) => {
    const zones = zonesOf(nodesOf(input), { unhealthyShare: DEFAULT_RATES.unhealthyShare });
    const answers = [...zones].map(([key, { state }]) => {
      const name = key.slice(key.lastIndexOf(':') + 1);
      return [name, { state, rate: evictionRate(zones, key) }] as const;
    });
    return { allDisrupted: isAllDisrupted(zones), ...Object.fromEntries(answers) };
  });

  it('tells zones of the same name apart by their region, and knows the old labels', () => {
    const keyOf = (labels: Record<string, string>) => zoneKeyOf({ metadata: { name: 'n', labels } });
    const [region, zone] = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'];
    expect(keyOf({})).toBe('');
    expect(keyOf({ [region]: 'r', [zone]: 'a' })).not.toBe(keyOf({ [region]: 's', [zone]: 'a' }));
    expect(keyOf({ 'failure-domain.beta.kubernetes.io/zone': 'a' })).toBe(keyOf({ [zone]: 'a' }));
  });

  it('counts nodes that have fallen silent although their conditions do not say so yet', () => {
    const nodes = nodesOf({ zones: { a: { ready: 2 } } });
    const zones = zonesOf(nodes, { unhealthyShare: 0.55, isSilent: () => true });
    expect(isAllDisrupted(zones)).toBe(true);
  });
});

describe('EvictionLimiter', () => {
  it('grants one at once and then one per ten seconds', () => {
    const limiter = new EvictionLimiter(0.1, 0);
    expect(limiter.take(0)).toBe(0);
    expect(limiter.take(0)).toBe(10_000);
    expect(limiter.take(4_000)).toBe(6_000);
    expect(limiter.take(10_000)).toBe(0);
  });

  it('grants none while the rate is nothing, and goes on after it', () => {
    const limiter = new EvictionLimiter(0, 0);
    expect(limiter.take(100_000)).toBeUndefined();
    limiter.setRate(1, 100_000);
    expect(limiter.take(100_000)).toBe(0);
    expect(limiter.take(100_000)).toBe(1_000);
  });

  it('loses nothing to a time that comes late', () => {
    const limiter = new EvictionLimiter(0.1, 0);
    limiter.setRate(0.1, 5.5);
    expect(limiter.take(5.25)).toBe(0);
  });

  it('never grants more than its rate allows, whoever asks when', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(0.01, 0.1, 1),
        fc.array(fc.nat(20_000), { maxLength: 60 }),
        (rate, waits) => {
          const limiter = new EvictionLimiter(rate, 0);
          let [now, granted] = [0, 0];
          for (const wait of waits) {
            now += wait;
            if (limiter.take(now) === 0) granted += 1;
          }
          expect(granted).toBeLessThanOrEqual(1 + Math.floor((now / 1000) * rate + 1e-6));
        },
      ),
    );
  });
});
