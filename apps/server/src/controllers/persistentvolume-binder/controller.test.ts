import { serviceUnavailable } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import {
  HOST_PATH_FINALIZER,
  HOST_PATH_NODE_LABEL,
  HOST_PATH_PROVISIONER,
  PVC_PROTECTION,
  SELECTED_NODE,
} from '@wheelhouse/shared/kinds/core/volume-protocol';
import { storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import { compareQuantities } from '@wheelhouse/shared/meta/quantity';
import { afterEach, describe, expect, it } from 'vitest';
import { Harness } from '../testing/harness';

const CONTROLLERS = [
  'persistentvolume-binder',
  'host-path-provisioner',
  'persistentvolume-expander',
  'pvc-protection',
  'pv-protection',
];
const DEFAULT = { 'storageclass.kubernetes.io/is-default-class': 'true' };
let harness: Harness;

async function start(): Promise<Harness> {
  harness = new Harness(CONTROLLERS);
  await harness.start();
  return harness;
}

afterEach(() => harness.stop());

const addVolume = (name: string, storage: string, spec: object = {}) =>
  harness.client.create(persistentVolumeKind, {
    metadata: { name },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/x' }, ...spec },
  });

const addClaim = (name: string, storage: string, extra: Partial<PersistentVolumeClaim> = {}) =>
  harness.client.create(persistentVolumeClaimKind, {
    ...extra,
    metadata: { name, namespace: 'n', ...extra.metadata },
    spec: { resources: { requests: { storage } }, accessModes: ['ReadWriteOnce'], ...extra.spec },
  });

const addClass = (name: string, extra: object = {}, annotations: Record<string, string> = {}) =>
  harness.client.create(storageClassKind, {
    metadata: { name, annotations },
    provisioner: HOST_PATH_PROVISIONER,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    allowVolumeExpansion: true,
    ...extra,
  });

const addNode = (name: string) =>
  harness.client.create(nodeKind, {
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });

const claim = (name: string) => {
  const found = harness.client.all(persistentVolumeClaimKind).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`no claim ${name}`);
  return found;
};
const volumes = () => harness.client.all(persistentVolumeKind);
const volume = (name: string) => volumes().find(({ metadata }) => metadata.name === name);

describe('volumes that are there', () => {
  it('go to claims by size, smallest first, and the bond stands on both sides', async () => {
    await start();
    await addVolume('large', '10Gi');
    await addVolume('small', '1Gi');
    await addVolume('middle', '5Gi');
    await harness.quiet();
    await addClaim('c', '2Gi');
    await harness.settle();
    expect(claim('c')).toMatchObject({
      spec: { volumeName: 'middle' },
      status: { phase: 'Bound', capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'] },
    });
    expect(volume('middle')).toMatchObject({
      spec: { claimRef: { namespace: 'n', name: 'c', uid: claim('c').metadata.uid } },
      status: { phase: 'Bound' },
    });
    expect(volume('small')?.status?.phase).toBe('Available');
  });

  it('wait for the claim that they are reserved for, and a claim for the volume that it names', async () => {
    await start();
    await addVolume('kept', '1Gi', { claimRef: { namespace: 'n', name: 'mine' } });
    await addClaim('other', '1Gi');
    await addClaim('picky', '1Gi', { spec: { volumeName: 'late' } });
    await harness.settle();
    expect(claim('other').status?.phase).toBe('Pending');
    expect(claim('picky').status?.phase).toBe('Pending');
    await addClaim('mine', '1Gi');
    await addVolume('late', '1Gi');
    await harness.settle();
    expect(claim('mine').spec?.volumeName).toBe('kept');
    expect(claim('picky').status?.phase).toBe('Bound');
    expect(claim('other').status?.phase).toBe('Pending');
  });

  it('are released when their claim goes; Recycle and an unknown Delete fail in words', async () => {
    await start();
    const policies = ['Retain', 'Recycle', 'Delete'];
    for (const policy of policies) {
      const reserved = { namespace: 'n', name: policy.toLowerCase() };
      await addVolume(policy, '1Gi', { persistentVolumeReclaimPolicy: policy, claimRef: reserved });
      await addClaim(reserved.name, '1Gi');
    }
    await harness.settle();
    for (const policy of policies) {
      expect(volume(policy)?.status?.phase).toBe('Bound');
      await harness.client.delete(persistentVolumeClaimKind, {
        namespace: 'n',
        name: policy.toLowerCase(),
      });
    }
    await harness.settle();
    expect(policies.map((policy) => volume(policy)?.status?.phase)).toEqual(['Released', 'Failed', 'Failed']);
  });

  it('leave their claim lost when they vanish', async () => {
    await start();
    await addVolume('v', '1Gi');
    await addClaim('c', '1Gi');
    await harness.settle();
    const held = volume('v');
    if (!held) throw new Error('no volume');
    await harness.client.update(persistentVolumeKind, {
      ...held,
      metadata: { ...held.metadata, finalizers: [] },
    });
    await harness.client.delete(persistentVolumeKind, { name: 'v' });
    await harness.settle();
    expect(claim('c').status).toEqual({ phase: 'Lost' });
  });
});

describe('volumes that are made', () => {
  it('are made where the scheduler says, and not before', async () => {
    await start();
    await addNode('a');
    await addClass('standard', { volumeBindingMode: 'WaitForFirstConsumer' });
    await addClaim('c', '1Gi', { spec: { storageClassName: 'standard' } });
    await harness.settle();
    expect(volumes()).toEqual([]);
    expect(claim('c').status?.phase).toBe('Pending');
    await harness.client.update(persistentVolumeClaimKind, {
      ...claim('c'),
      metadata: { ...claim('c').metadata, annotations: { [SELECTED_NODE]: 'a' } },
    });
    await harness.settle();
    const [made] = volumes();
    expect(claim('c')).toMatchObject({
      spec: { volumeName: made?.metadata.name },
      status: { phase: 'Bound', capacity: { storage: '1Gi' } },
    });
    expect(made?.metadata.labels).toEqual({ [HOST_PATH_NODE_LABEL]: 'a' });
  });

  it('go with their claim once the agent has removed the directory, or the node is gone', async () => {
    await start();
    await addNode('a');
    await addClass('standard');
    await addClaim('c', '1Gi', { spec: { storageClassName: 'standard' } });
    await harness.settle();
    await harness.client.delete(persistentVolumeClaimKind, { namespace: 'n', name: 'c' });
    await harness.settle();
    expect(volumes()[0]).toMatchObject({
      metadata: { finalizers: [HOST_PATH_FINALIZER], deletionTimestamp: expect.any(String) },
      status: { phase: 'Released' },
    });
    await harness.client.delete(nodeKind, { name: 'a' });
    await harness.settle();
    expect(volumes()).toEqual([]);
  });

  it('send the pod elsewhere when the chosen node is no more', async () => {
    await start();
    await addClass('standard', { volumeBindingMode: 'WaitForFirstConsumer' });
    await addClaim('c', '1Gi', {
      metadata: { annotations: { [SELECTED_NODE]: 'gone' } },
      spec: { storageClassName: 'standard' },
    });
    await harness.settle();
    expect(claim('c').metadata.annotations?.[SELECTED_NODE]).toBeUndefined();
  });

  it('serve claims from before there was a default class', async () => {
    await start();
    await addNode('a');
    await addClaim('c', '1Gi');
    await harness.settle();
    expect(claim('c').spec?.storageClassName).toBeUndefined();
    await addClass('standard', {}, DEFAULT);
    await harness.settle();
    expect(claim('c')).toMatchObject({
      spec: { storageClassName: 'standard' },
      status: { phase: 'Bound' },
    });
  });

  it('grow when their claim asks for more', async () => {
    await start();
    await addNode('a');
    await addClass('standard');
    await addClaim('c', '1Gi', { spec: { storageClassName: 'standard' } });
    await harness.settle();
    const { spec } = claim('c');
    await harness.client.update(persistentVolumeClaimKind, {
      ...claim('c'),
      spec: { ...spec, resources: { requests: { storage: '3Gi' } } },
    });
    await harness.settle();
    expect(claim('c').status).toMatchObject({
      capacity: { storage: '3Gi' },
      allocatedResources: { storage: '3Gi' },
    });
    expect(claim('c').status?.conditions).toBeUndefined();
    expect(volumes()[0]?.spec?.capacity?.storage).toBe('3Gi');
  });
});

it('a claim that a pod uses stays until the pod is gone', async () => {
  await start();
  await addVolume('v', '1Gi');
  await addClaim('c', '1Gi');
  await harness.client.create(podKind, {
    metadata: { name: 'p', namespace: 'n' },
    spec: {
      nodeName: 'a',
      containers: [],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'c' } }],
    },
  });
  await harness.settle();
  expect(claim('c').metadata.finalizers).toEqual([PVC_PROTECTION]);
  await harness.client.delete(persistentVolumeClaimKind, { namespace: 'n', name: 'c' });
  await harness.settle();
  expect(claim('c').metadata.deletionTimestamp).toBeDefined();
  await harness.client.delete(podKind, { namespace: 'n', name: 'p' }, { gracePeriodSeconds: 0 });
  await harness.settle();
  expect(harness.client.all(persistentVolumeClaimKind)).toEqual([]);
});

/** A small generator of its own, so that a failing seed can be run again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return state % below;
  };
}

it.each(Array.from({ length: 12 }, (_, seed) => seed))(
  'whatever fails and in whatever order things come, bonds are true and then nothing is written (seed %i)',
  async (seed) => {
    const random = randomOf(seed);
    await start();
    await addNode('a');
    await addClass('standard');
    const fail = (call: { verb: string }) => {
      if (['create', 'update', 'delete'].includes(call.verb) && random(4) === 0)
        throw serviceUnavailable('lost');
    };
    for (let step = 0; step < 40; step++) {
      harness.client.before = undefined;
      harness.client.after = undefined;
      const name = `x${random(8)}`;
      const size = `${1 + random(5)}Gi`;
      const act = [
        () => addVolume(name, size),
        () => addVolume(name, size, { claimRef: { namespace: 'n', name: `x${random(8)}` } }),
        () => addClaim(name, size),
        () => addClaim(name, size, { spec: { storageClassName: 'standard' } }),
        () => addClaim(name, size, { spec: { volumeName: `x${random(8)}` } }),
        () => harness.client.delete(persistentVolumeClaimKind, { namespace: 'n', name }),
        () => harness.restart(),
      ][random(7)];
      // Names that are taken or missing are part of the game.
      await act?.().catch(() => undefined);
      if (random(2)) harness.client.before = fail;
      else harness.client.after = fail;
      await harness.quiet();
    }
    harness.client.before = undefined;
    harness.client.after = undefined;
    await harness.settle();

    const claims = harness.client.all(persistentVolumeClaimKind);
    for (const one of claims.filter(({ status }) => status?.phase === 'Bound')) {
      const partner = volume(one.spec?.volumeName ?? '');
      expect(partner?.spec?.claimRef?.uid).toBe(one.metadata.uid);
      expect(partner?.status?.phase).toBe('Bound');
      const size = one.spec?.resources?.requests?.storage ?? '0';
      expect(compareQuantities(partner?.spec?.capacity?.storage ?? '0', size)).toBeGreaterThanOrEqual(0);
    }
    for (const one of volumes()) {
      const partner = claims.find(({ metadata }) => metadata.uid === one.spec?.claimRef?.uid);
      if (one.status?.phase === 'Bound') expect(partner?.spec?.volumeName).toBe(one.metadata.name);
    }
    const before = harness.client.writes.length;
    await harness.settle();
    const events = harness.client.writes.slice(before).filter(({ type }) => type.plural !== 'events');
    expect(events).toEqual([]);
  },
);
