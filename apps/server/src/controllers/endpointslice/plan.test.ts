import type { Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import type { Service } from 'kubernetes-types/core/v1';
import type { Endpoint, EndpointSlice } from 'kubernetes-types/discovery/v1';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { type ServingPod, serviceOf, servingPod } from '../testing/service-case';
import type { SlicePlan } from './pack';
import { MAX_ENDPOINTS, planSlices } from './plan';

const service = serviceOf({
  selector: { app: 'web' },
  ports: [{ name: 'http', port: 80, targetPort: 8080 }],
});
let counter = 0;

/** Carries a plan out, as the shell does. */
function apply(slices: readonly Stored<EndpointSlice>[], plan: SlicePlan): Stored<EndpointSlice>[] {
  const updates = new Map(plan.update.map(({ slice, endpoints }) => [slice, endpoints]));
  const kept = slices
    .filter((slice) => !plan.remove.includes(slice))
    .map((slice) => {
      const endpoints = updates.get(slice);
      return endpoints ? { ...slice, endpoints } : slice;
    });
  const created = plan.create.map((content): Stored<EndpointSlice> => {
    counter += 1;
    const metadata = { name: `web-${counter}`, namespace: 'n', uid: `${counter}`, resourceVersion: '1' };
    return { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', metadata, ...content };
  });
  return [...kept, ...created];
}

const converge = (slices: Stored<EndpointSlice>[], pods: ServingPod[], of: Stored<Service> = service) =>
  apply(slices, planSlices(of, pods.map(servingPod), slices));
const many = (count: number, from = 0): ServingPod[] =>
  Array.from({ length: count }, (_, i) => ({
    name: `p${from + i}`,
    ip: `10.1.${(from + i) >> 8}.${(from + i) & 255}`,
    ready: true,
  }));
const sizes = (slices: readonly EndpointSlice[]) =>
  slices.map(({ endpoints }) => endpoints.length).sort((a, b) => a - b);
const writes = ({ create, update, remove }: SlicePlan) => create.length + update.length + remove.length;

describe('planSlices', () => {
  it('describes each pod by its conditions, terminating ones too', () => {
    const [slice] = converge(
      [],
      [
        { name: 'a', ip: '10.0.0.1', ready: true, node: 'n1' },
        { name: 'b', ip: '10.0.0.2', ready: false },
        { name: 'c', ip: '10.0.0.3', ready: true, deleting: true },
        { name: 'd', ip: '10.0.0.4', ready: false, phase: 'Failed' },
      ],
    );
    const conditions = (slice?.endpoints ?? []).map(({ addresses, conditions }: Endpoint) => [
      addresses[0],
      conditions,
    ]);
    expect(conditions).toEqual([
      ['10.0.0.1', { ready: true, serving: true, terminating: false }],
      ['10.0.0.2', { ready: false, serving: false, terminating: false }],
      ['10.0.0.3', { ready: false, serving: true, terminating: true }],
    ]);
    expect(slice).toMatchObject({
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    });
  });

  it('keeps one empty slice for a service without pods', () => {
    const empty = converge([], []);
    expect(sizes(empty)).toEqual([0]);
    expect(writes(planSlices(service, [], empty))).toBe(0);
    expect(sizes(converge(converge(empty, many(3)), []))).toEqual([0]);
  });

  it('cuts at a hundred and writes one slice for one more pod', () => {
    const slices = converge([], many(250));
    expect(sizes(slices)).toEqual([50, 100, 100]);
    const plan = planSlices(service, many(251).map(servingPod), slices);
    expect([plan.create.length, plan.update.length, plan.remove.length]).toEqual([0, 1, 0]);
  });

  it('writes only the slice whose pod has changed', () => {
    const slices = converge([], many(250));
    const pods = many(250).map((pod, i) => (i === 3 ? { ...pod, ready: false } : pod));
    expect(writes(planSlices(service, pods.map(servingPod), slices))).toBe(1);
  });

  it('serves each address family with slices of its own', () => {
    const dual = serviceOf({ selector: { app: 'web' }, ipFamilies: ['IPv4', 'IPv6'], ports: [{ port: 80 }] });
    const pod = servingPod({ name: 'a', ip: '10.0.0.1', ready: true });
    const both = { ...pod, status: { ...pod.status, podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }] } };
    const plan = planSlices(dual, [both], []);
    expect(plan.create.map(({ addressType, endpoints }) => [addressType, endpoints[0]?.addresses])).toEqual([
      ['IPv4', ['10.0.0.1']],
      ['IPv6', ['fd00::1']],
    ]);
  });

  it('holds every pod exactly once, within the limit, and rests, after any history', () => {
    const population = fc.uniqueArray(
      fc.record({ id: fc.nat(400), ready: fc.boolean(), port: fc.constantFrom(1, 1, 1, 2) }),
      {
        selector: ({ id }) => id,
        maxLength: 260,
      },
    );
    const named = serviceOf({ selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'web' }] });
    fc.assert(
      fc.property(fc.array(population, { minLength: 1, maxLength: 6 }), (history) => {
        let slices: Stored<EndpointSlice>[] = [];
        for (const members of history) {
          const pods = members.map(({ id, ready, port }) => ({
            name: `p${id}`,
            ip: `10.1.${id >> 8}.${id & 255}`,
            ready,
            ports: [{ name: 'web', containerPort: port }],
          }));
          slices = converge(slices, pods, named);
          const found = slices.flatMap(({ endpoints, ports }) =>
            endpoints.map(
              ({ targetRef, conditions }) => `${targetRef?.uid} ${conditions?.ready} ${ports?.[0]?.port}`,
            ),
          );
          expect(found.sort()).toEqual(
            members.map(({ id, ready, port }) => `p${id} ${ready} ${port}`).sort(),
          );
          expect(Math.max(...sizes(slices))).toBeLessThanOrEqual(MAX_ENDPOINTS);
          expect(writes(planSlices(named, pods.map(servingPod), slices))).toBe(0);
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

interface Case {
  readonly service: Service['spec'];
  readonly pods: readonly ServingPod[];
  readonly slices?: Readonly<Record<string, Omit<EndpointSlice, 'metadata'>>>;
}

describe('what changes in slices', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ service: spec, pods, slices = {} }) => {
    const existing = Object.entries(slices).map(
      ([name, slice]): Stored<EndpointSlice> => ({
        kind: 'EndpointSlice',
        apiVersion: 'discovery.k8s.io/v1',
        metadata: { name, namespace: 'n', uid: name, resourceVersion: '1' },
        ...slice,
      }),
    );
    const plan = planSlices(serviceOf(spec ?? {}), pods.map(servingPod), existing);
    return {
      create: plan.create,
      update: Object.fromEntries(plan.update.map(({ slice, endpoints }) => [slice.metadata.name, endpoints])),
      remove: plan.remove.map(({ metadata }) => metadata.name),
    };
  });
});
