import type { ServiceSpec } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { type ServingPod, serviceOf, servingPod } from '../testing/service-case';
import { planEndpoints } from './plan';

describe('planEndpoints', () => {
  goldenCases<{ service: ServiceSpec; pods: ServingPod[] }>(import.meta.url, 'plan', ({ service, pods }) => {
    const plan = planEndpoints(serviceOf(service), pods.map(servingPod));
    // The order of pods must not matter: every difference would be a write.
    expect(planEndpoints(serviceOf(service), pods.map(servingPod).reverse())).toEqual(plan);
    return plan.subsets;
  });

  it('keeps a thousand addresses, the ready ones first, and says that some are missing', () => {
    const pods = Array.from({ length: 1_200 }, (_, i) =>
      servingPod({ name: `p${i}`, ip: `10.0.${i >> 8}.${i & 255}`, ready: i >= 600 }),
    );
    const { subsets, truncated } = planEndpoints(
      serviceOf({ selector: { app: 'web' }, ports: [{ port: 80 }] }),
      pods,
    );
    expect(truncated).toBe(true);
    expect(subsets[0]?.addresses).toHaveLength(600);
    expect(subsets[0]?.notReadyAddresses).toHaveLength(400);
  });
});
