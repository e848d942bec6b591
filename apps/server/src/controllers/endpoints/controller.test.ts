import { endpointsKind } from '@wheelhouse/shared/kinds/core/endpoints';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { serviceOf } from '../testing/service-case';

const ref = { name: 'web', namespace: 'n' };
const byHand = {
  metadata: ref,
  subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }],
};

it('endpoints that people made go with their service, and stay where there never was one', async () => {
  const harness = new Harness(['endpoints']);
  const { client } = harness;
  await client.create(serviceKind, serviceOf({ ports: [{ port: 80 }] }));
  await client.create(endpointsKind, byHand);
  await client.create(endpointsKind, { ...byHand, metadata: { ...ref, name: 'lonely' } });
  await harness.start();
  await harness.settle();
  expect(client.all(endpointsKind)).toHaveLength(2);
  await client.delete(serviceKind, ref);
  await harness.settle();
  expect(client.all(endpointsKind).map(({ metadata }) => metadata.name)).toEqual(['lonely']);
});
