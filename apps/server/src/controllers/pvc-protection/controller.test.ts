import { persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import { persistentVolumeClaimKind } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { PV_PROTECTION, PVC_PROTECTION } from '@wheelhouse/shared/kinds/core/volume-protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';
import { usesClaim } from './controller';

it('claims stay while a pod on a node uses them, volumes while they are bound, and go after that', async () => {
  await survives({
    async start() {
      const harness = new Harness(['pvc-protection', 'pv-protection']);
      for (const name of ['a', 'b']) {
        await harness.client.create(persistentVolumeClaimKind, {
          metadata: { name, namespace: 'n' },
          spec: {},
        });
        await harness.client.create(persistentVolumeKind, { metadata: { name }, spec: {} });
      }
      await harness.start();
      return harness;
    },
    kinds: [podKind, persistentVolumeClaimKind, persistentVolumeKind],
    actions: fc.oneof(fc.record({ do: fc.constantFrom('claim', 'volume' as const) }), {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('use', 'delete', 'end', 'drop', 'bind' as const),
        which: fc.nat(1),
      }),
    }),
    async act({ client }, action) {
      const name = `x${client.calls.length}`;
      const which = 'which' in action ? action.which : 0;
      const claim = client.all(persistentVolumeClaimKind)[which];
      const volume = client.all(persistentVolumeKind)[which];
      const pod = client.all(podKind)[which];
      if (action.do === 'claim')
        await client.create(persistentVolumeClaimKind, { metadata: { name, namespace: 'n' }, spec: {} });
      if (action.do === 'volume') await client.create(persistentVolumeKind, { metadata: { name }, spec: {} });
      if (action.do === 'use' && claim && !claim.metadata.deletionTimestamp) {
        const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: claim.metadata.name } }];
        await client.create(podKind, {
          metadata: { name, namespace: 'n' },
          spec: { nodeName: 'a', containers: [], volumes },
        });
      }
      if (action.do === 'delete' && claim) await client.delete(persistentVolumeClaimKind, claim.metadata);
      if (action.do === 'end' && pod) await client.delete(podKind, pod.metadata, { gracePeriodSeconds: 0 });
      if (action.do === 'drop' && volume) await client.delete(persistentVolumeKind, volume.metadata);
      if (action.do === 'bind' && volume) {
        const phase = volume.status?.phase === 'Bound' ? 'Released' : 'Bound';
        await client.update(
          persistentVolumeKind,
          { ...volume, status: { phase } },
          { subresource: 'status' },
        );
      }
    },
    watch({ client }, { type, key }) {
      if (type !== persistentVolumeClaimKind) return undefined;
      const claim = client
        .all(persistentVolumeClaimKind)
        .find(({ metadata }) => `n/${metadata.name}` === key);
      const used =
        claim?.metadata.deletionTimestamp && client.all(podKind).some((pod) => usesClaim(pod, claim));
      return used ? `${key} is in use` : undefined;
    },
    converged({ client }) {
      for (const claim of client.all(persistentVolumeClaimKind)) {
        expect(claim.metadata.finalizers).toEqual([PVC_PROTECTION]);
        if (claim.metadata.deletionTimestamp)
          expect(client.all(podKind).some((pod) => usesClaim(pod, claim))).toBe(true);
      }
      for (const { metadata, status } of client.all(persistentVolumeKind)) {
        expect(metadata.finalizers).toEqual([PV_PROTECTION]);
        if (metadata.deletionTimestamp) expect(status?.phase).toBe('Bound');
      }
    },
  });
}, 60_000);
