import { endpointsKind } from '@wheelhouse/shared/kinds/core/endpoints';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isReady } from '../machinery/pods';
import { Harness } from '../testing/harness';
import { serviceOf, servingPod } from '../testing/service-case';
import { survives } from '../testing/turmoil';

const spec = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] };

it('slices and endpoints say which pods serve, whatever happened in between', async () => {
  await survives({
    async start() {
      const harness = new Harness(['endpoints', 'endpointslice']);
      await harness.client.create(serviceKind, serviceOf(spec));
      await harness.start();
      return harness;
    },
    kinds: [podKind, serviceKind, endpointsKind, endpointSliceKind],
    actions: fc.oneof(
      fc.record({ do: fc.constantFrom('toggle', 'remove' as const), pod: fc.nat(5) }),
      fc.record({ do: fc.constantFrom('add', 'service' as const) }),
    ),
    async act({ client }, action) {
      const pods = client.all(podKind);
      const pod = 'pod' in action ? pods[action.pod] : undefined;
      if (pod && action.do === 'remove')
        await client.delete(podKind, pod.metadata, { gracePeriodSeconds: 0 });
      if (pod && action.do === 'toggle') {
        const status = isReady(pod) ? 'False' : 'True';
        const next = { ...pod, status: { ...pod.status, conditions: [{ type: 'Ready', status }] } };
        await client.update(podKind, next, { subresource: 'status' });
      }
      if (action.do === 'add') {
        const number = client.calls.length;
        const made = servingPod({
          name: `p${number}`,
          ip: `10.0.${number >> 8}.${number & 255}`,
          ready: true,
        });
        const { metadata } = await client.create(podKind, made);
        await client.update(podKind, { ...made, metadata }, { subresource: 'status' });
      }
      if (action.do === 'service') {
        const [service] = client.all(serviceKind);
        if (service) await client.delete(serviceKind, service.metadata);
        else await client.create(serviceKind, serviceOf(spec));
      }
    },
    converged({ client }) {
      const slices = client.all(endpointSliceKind);
      const [endpoints] = client.all(endpointsKind);
      if (client.all(serviceKind).length === 0) {
        expect([slices, endpoints]).toEqual([[], undefined]);
        return;
      }
      const wanted = (ready: boolean) =>
        client
          .all(podKind)
          .filter((pod) => isReady(pod) === ready)
          .map(({ status }) => status?.podIP)
          .sort();
      const found = (ready: boolean) =>
        slices
          .flatMap((slice) => slice.endpoints)
          .filter(({ conditions }) => conditions?.ready === ready)
          .map(({ addresses }) => addresses[0])
          .sort();
      expect([found(true), found(false)]).toEqual([wanted(true), wanted(false)]);
      const listed = (which: 'addresses' | 'notReadyAddresses') =>
        (endpoints?.subsets ?? []).flatMap((subset) => subset[which] ?? []).map(({ ip }) => ip);
      expect([listed('addresses').sort(), listed('notReadyAddresses').sort()]).toEqual([
        wanted(true),
        wanted(false),
      ]);
    },
  });
}, 60_000);
