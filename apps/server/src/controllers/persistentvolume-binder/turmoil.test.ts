import { persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import { persistentVolumeClaimKind } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { compareQuantities } from '@wheelhouse/shared/meta/quantity';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';

const size = fc.constantFrom('1Gi', '2Gi', '5Gi');

it('every claim has a volume of its own that is large enough, or there is none left', async () => {
  await survives({
    async start() {
      const harness = new Harness(['persistentvolume-binder']);
      await harness.start();
      return harness;
    },
    kinds: [persistentVolumeKind, persistentVolumeClaimKind],
    actions: fc.oneof(
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('volume', 'claim' as const), storage: size }) },
      fc.record({ do: fc.constantFrom('unclaim', 'remove' as const), which: fc.nat(3) }),
    ),
    async act({ client }, action) {
      const name = `x${client.calls.length}`;
      const accessModes = ['ReadWriteOnce'];
      if (action.do === 'volume') {
        const { storage } = action;
        await client.create(persistentVolumeKind, {
          metadata: { name },
          spec: { capacity: { storage }, accessModes, persistentVolumeReclaimPolicy: 'Retain' },
        });
      }
      if (action.do === 'claim') {
        const { storage } = action;
        await client.create(persistentVolumeClaimKind, {
          metadata: { name, namespace: 'n' },
          spec: { resources: { requests: { storage } }, accessModes, storageClassName: '' },
        });
      }
      if (action.do === 'unclaim') {
        const claim = client.all(persistentVolumeClaimKind)[action.which];
        if (claim) await client.delete(persistentVolumeClaimKind, claim.metadata);
      }
      if (action.do === 'remove') {
        const volume = client.all(persistentVolumeKind)[action.which];
        if (volume && !volume.spec?.claimRef) await client.delete(persistentVolumeKind, volume.metadata);
      }
    },
    converged({ client }) {
      const claims = client.all(persistentVolumeClaimKind);
      const volumes = client.all(persistentVolumeKind);
      for (const { metadata, spec, status } of claims.filter((claim) => claim.status?.phase === 'Bound')) {
        const volume = volumes.find((one) => one.metadata.name === spec?.volumeName);
        expect(volume?.spec?.claimRef?.uid).toBe(metadata.uid);
        expect(volume?.status?.phase).toBe('Bound');
        const held = volume?.spec?.capacity?.storage ?? '0';
        expect(compareQuantities(held, spec?.resources?.requests?.storage ?? '0')).toBeGreaterThanOrEqual(0);
        expect(status?.capacity).toEqual({ storage: held });
      }
      const uids = new Set(claims.map(({ metadata }) => metadata.uid));
      for (const { spec, status } of volumes) {
        const kept = spec?.claimRef?.uid;
        expect(status?.phase).toBe(kept === undefined ? 'Available' : uids.has(kept) ? 'Bound' : 'Released');
      }
      // Nobody waits while there is something that would do.
      const free = volumes.filter(({ status }) => status?.phase === 'Available');
      for (const { spec } of claims.filter(({ status }) => status?.phase !== 'Bound')) {
        const wanted = spec?.resources?.requests?.storage ?? '0';
        expect(
          free.filter((one) => compareQuantities(one.spec?.capacity?.storage ?? '0', wanted) >= 0),
        ).toEqual([]);
      }
    },
  });
}, 60_000);
