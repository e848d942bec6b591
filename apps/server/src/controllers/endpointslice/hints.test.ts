import fc from 'fast-check';
import type { Node, Service } from 'kubernetes-types/core/v1';
import type { Endpoint } from 'kubernetes-types/discovery/v1';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { setHints, topologyOf } from './hints';

interface Case {
  readonly service: Service;
  /** Each node with its zone, CPU and what else there is to say, e.g. `a 2`, `a 2 unready`, `a 2 control-plane`. */
  readonly nodes: Readonly<Record<string, string>>;
  /** The zone of each endpoint; `-` for none, with `!` it is not ready. */
  readonly endpoints: readonly string[];
}

function nodeOf(name: string, text: string): Node {
  const [zone = '-', cpu = '0', state] = text.split(' ');
  return {
    metadata: {
      name,
      labels: {
        ...(zone === '-' ? {} : { 'topology.kubernetes.io/zone': zone }),
        ...(state === 'control-plane' ? { 'node-role.kubernetes.io/control-plane': '' } : {}),
      },
    },
    status: {
      allocatable: { cpu },
      conditions: [{ type: 'Ready', status: state === 'unready' ? 'False' : 'True' }],
    },
  };
}

function endpointOf(text: string, index: number): Endpoint {
  const zone = text.replace('!', '');
  return {
    addresses: [`10.0.0.${index + 10}`],
    conditions: { ready: !text.includes('!') },
    ...(zone === '-' ? {} : { zone }),
  };
}

const zonesOf = (endpoints: readonly Endpoint[]) =>
  endpoints.map(({ hints }) => hints?.forZones?.map(({ name }) => name).join() ?? '-');

describe('hints of endpoints', () => {
  goldenCases<Case>(import.meta.url, 'hints', ({ service, nodes, endpoints }) => {
    const topology = topologyOf(Object.entries(nodes).map(([name, text]) => nodeOf(name, text)));
    const hinted = setHints(service, endpoints.map(endpointOf), topology);
    return { zones: zonesOf(hinted.endpoints), ...(hinted.problem ? { problem: hinted.problem } : {}) };
  });

  it('loads no endpoint by more than a fifth above its share, or gives none a hint', () => {
    const zones = ['a', 'b', 'c'];
    const input = fc.record({
      cpus: fc.tuple(
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 16 }),
      ),
      places: fc.array(fc.constantFrom(...zones), { maxLength: 40 }),
    });
    const service: Service = { metadata: { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } };
    fc.assert(
      fc.property(input, ({ cpus, places }) => {
        const topology = topologyOf(zones.map((zone, i) => nodeOf(zone, `${zone} ${cpus[i]}`)));
        const { endpoints, problem } = setHints(service, places.map(endpointOf), topology);
        const hinted = zonesOf(endpoints);
        if (problem) {
          expect(hinted.every((zone) => zone === '-')).toBe(true);
          return;
        }
        const total = cpus.reduce((sum, cpu) => sum + cpu, 0);
        zones.forEach((zone, i) => {
          const count = hinted.filter((name) => name === zone).length;
          const load = (cpus[i] ?? 0) / total / count;
          expect(load * places.length).toBeLessThanOrEqual(1.2 + 1e-9);
          // Nobody is lent away from a zone that borrows itself.
          const lent = places.filter((place, index) => place === zone && hinted[index] !== zone).length;
          const borrowed = places.filter((place, index) => place !== zone && hinted[index] === zone).length;
          expect(Math.min(lent, borrowed)).toBe(0);
        });
      }),
    );
  });
});
