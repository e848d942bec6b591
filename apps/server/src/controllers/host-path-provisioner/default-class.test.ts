import { csiDriverKind } from '@wheelhouse/shared/kinds/storage/csi-driver';
import { storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';

it('a new cluster gets its class once; whoever deletes it is heard', async () => {
  const harness = new Harness(['host-path-class']);
  await harness.start();
  await harness.settle();
  expect(harness.client.all(storageClassKind).map(({ metadata }) => metadata.name)).toEqual(['standard']);
  await harness.client.delete(storageClassKind, { name: 'standard' });
  await harness.restart();
  await harness.settle();
  expect(harness.client.all(storageClassKind)).toEqual([]);
  expect(harness.client.all(csiDriverKind)).toHaveLength(1);
  await harness.stop();
});
