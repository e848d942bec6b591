import { endpointsKind } from '@wheelhouse/shared/kinds/core/endpoints';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { serviceOf } from '../testing/service-case';
import { survives } from '../testing/turmoil';

const IPS = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
const ref = { name: 'web', namespace: 'n' };

it('the slices say what the endpoints say, for as long as there is a service without a selector', async () => {
  await survives({
    async start() {
      const harness = new Harness(['endpointslicemirroring']);
      await harness.start();
      return harness;
    },
    kinds: [endpointsKind, serviceKind, endpointSliceKind],
    actions: fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), ips: fc.subarray(IPS) }) },
      fc.record({ do: fc.constantFrom('drop', 'service', 'selector', 'tamper' as const) }),
    ),
    async act({ client }, action) {
      const [service] = client.all(serviceKind);
      const [endpoints] = client.all(endpointsKind);
      if (action.do === 'write') {
        const subsets = [{ addresses: action.ips.map((ip) => ({ ip })), ports: [{ port: 80 }] }];
        if (endpoints) await client.update(endpointsKind, { ...endpoints, subsets });
        else await client.create(endpointsKind, { metadata: ref, subsets });
      }
      if (action.do === 'drop' && endpoints) await client.delete(endpointsKind, ref);
      if (action.do === 'service') {
        if (service) await client.delete(serviceKind, ref);
        else await client.create(serviceKind, serviceOf({ ports: [{ port: 80 }] }));
      }
      if (action.do === 'selector' && service) {
        const { selector, ...spec } = service.spec ?? {};
        await client.update(serviceKind, {
          ...service,
          spec: selector ? spec : { ...spec, selector: { app: 'web' } },
        });
      }
      if (action.do === 'tamper') {
        const [slice] = client.all(endpointSliceKind);
        if (slice) await client.update(endpointSliceKind, { ...slice, endpoints: [] });
      }
    },
    converged({ client }) {
      const [service] = client.all(serviceKind);
      const [endpoints] = client.all(endpointsKind);
      const mirrored = service && !service.spec?.selector;
      const wanted = mirrored
        ? (endpoints?.subsets ?? []).flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip))
        : [];
      const slices = client.all(endpointSliceKind);
      const found = slices.flatMap((slice) => slice.endpoints.map(({ addresses }) => addresses[0]));
      expect(found.sort()).toEqual(wanted.sort());
      expect(slices.length).toBe(wanted.length > 0 ? 1 : 0);
    },
  });
}, 60_000);
