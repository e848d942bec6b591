import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { ManualClock } from '@wheelhouse/shared/clock';
import { persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { BIND_COMPLETED, SELECTED_NODE } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { csiNodeKind } from '@wheelhouse/shared/kinds/storage/csi-node';
import { storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import { groupResourceOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Framework, firstRefusal } from '../framework/framework';
import { idleHandle } from '../framework/idle-handle';
import type { Plugin } from '../framework/plugin';
import { podInfo } from '../snapshot/pod-info';
import { Snapshot } from '../snapshot/snapshot';
import { testNode, testPod } from '../testing/objects';
import { smallestChange } from '../what-if/smallest-change';
import { nodeVolumeLimits } from './node-volume-limits';
import { volumeBinding } from './volume-binding';
import { volumeRestrictions } from './volume-restrictions';
import { volumeZone } from './volume-zone';

const ZONE = 'topology.kubernetes.io/zone';
const signal = new AbortController().signal;
let client: MemoryClient;
let clock: ManualClock;
let informers: Map<string, Informer<KubeObject>>;
let plugins: Plugin[];
let snapshot: Snapshot;

beforeEach(async () => {
  clock = new ManualClock();
  client = new MemoryClient(clock);
  informers = new Map();
  const handle = idleHandle({
    client,
    clock,
    informer<T extends KubeObject>(type: ResourceType<T>, options = {}) {
      const key = groupResourceOf(type);
      const informer = informers.get(key) ?? createInformer<KubeObject>(client, type, { ...options, clock });
      informers.set(key, informer);
      // One entry a kind, made for that kind.
      return informer as unknown as Informer<T>;
    },
  });
  plugins = [
    volumeRestrictions(handle),
    nodeVolumeLimits(handle),
    volumeBinding(handle, { bindTimeoutSeconds: 60 }),
    volumeZone(handle),
  ];
  for (const informer of informers.values()) informer.start();
  await Promise.all([...informers.values()].map((informer) => informer.synced()));
  snapshot = new Snapshot();
  snapshot.setNode(testNode({ name: 'a', labels: { [ZONE]: 'east' } }));
  snapshot.setNode(testNode({ name: 'b', labels: { [ZONE]: 'west' } }));
});

afterEach(() => {
  for (const informer of informers.values()) informer.stop();
});

/** One turn of the event loop drains all promises. */
const quiet = () => new Promise<void>((resolve) => setImmediate(resolve));

const addClass = (name: string, volumeBindingMode: string, provisioner = 'p') =>
  client.create(storageClassKind, { metadata: { name }, provisioner, volumeBindingMode });

const addClaim = (name: string, storageClassName: string, extra: Partial<PersistentVolumeClaim> = {}) =>
  client.create(persistentVolumeClaimKind, {
    ...extra,
    metadata: { name, namespace: 'default', ...extra.metadata },
    spec: {
      storageClassName,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      ...extra.spec,
    },
  });

const onNode = (name: string) => ({
  required: {
    nodeSelectorTerms: [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [name] }] },
    ],
  },
});

async function addVolume(name: string, spec: object = {}, labels: Record<string, string> = {}) {
  const made = await client.create(persistentVolumeKind, {
    metadata: { name, labels },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec },
  });
  return client.update(
    persistentVolumeKind,
    { ...made, status: { phase: 'Available' } },
    { subresource: 'status' },
  );
}

const bindTo = (claim: Stored<PersistentVolumeClaim>, volumeName: string) =>
  client.update(persistentVolumeClaimKind, {
    ...claim,
    metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [BIND_COMPLETED]: 'yes' } },
    spec: { ...claim.spec, volumeName },
  });

const podWith = (...claims: string[]) => ({
  name: `pod-${claims.join('-')}-${Math.trunc(snapshot.nodes.length)}`,
  spec: { volumes: claims.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })) },
});

function attempt(parts: Parameters<typeof testPod>[0]) {
  const framework = new Framework({
    schedulerName: 'test',
    plugins: plugins.map((plugin) => ({ plugin })),
  });
  return { framework, cycle: { pod: podInfo(testPod(parts)), snapshot } };
}

/** What would help. */
async function helps(parts: Parameters<typeof testPod>[0]) {
  await quiet();
  const { framework, cycle } = attempt(parts);
  return smallestChange(framework, cycle)?.text;
}

async function verdicts(parts: Parameters<typeof testPod>[0]) {
  await quiet();
  const { framework, cycle } = attempt(parts);
  const prepared = framework.prepare(cycle);
  if (prepared.kind === 'reject') return prepared.rejection.reasons;
  return snapshot.nodes.map(
    (node) => firstRefusal(cycle, node, prepared.filters)?.rejection.reasons[0] ?? 'fits',
  );
}

const CONFLICT = 'node(s) had volume node affinity conflict';
const NONE = "node(s) didn't find available persistent volumes to bind";

describe('pods with claims', () => {
  it('wait for claims that are missing, or bound at once by somebody else', async () => {
    expect(await verdicts(podWith('none'))).toEqual(['persistentvolumeclaim "none" not found']);
    await addClass('now', 'Immediate');
    await addClaim('c', 'now');
    expect(await verdicts(podWith('c'))).toEqual(['pod has unbound immediate PersistentVolumeClaims']);
  });

  it('go where their volumes are', async () => {
    await addVolume('v', { nodeAffinity: onNode('b') });
    await bindTo(await addClaim('c', ''), 'v');
    expect(await verdicts(podWith('c'))).toEqual([CONFLICT, 'fits']);
    expect(await helps(podWith('c'))).toBe('would fit on a if the volume v could be reached from a');
  });

  it('stay in the zone of their volume', async () => {
    await addVolume('v', {}, { [ZONE]: 'west__north' });
    await bindTo(await addClaim('c', ''), 'v');
    expect(await verdicts(podWith('c'))).toEqual(['node(s) had no available volume zone', 'fits']);
    expect(await helps(podWith('c'))).toBe(
      `would fit on a if the volume v were not only in ${ZONE}=west or north`,
    );
  });

  it('do not share a claim that is for one pod', async () => {
    await addVolume('v');
    await bindTo(await addClaim('c', '', { spec: { accessModes: ['ReadWriteOncePod'] } }), 'v');
    snapshot.addPod(podInfo(testPod({ ...podWith('c'), name: 'holder' })), 'a');
    const reason =
      'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';
    expect(await verdicts(podWith('c'))).toEqual([reason, reason]);
    expect(await helps(podWith('c'))).toBe(
      'would fit on a if no other pod had the claim, which is for one pod alone',
    );
  });

  it('respect how many volumes of a driver a node takes', async () => {
    const drivers = [{ name: 'd', nodeID: 'a', allocatable: { count: 1 } }];
    await client.create(csiNodeKind, { metadata: { name: 'a' }, spec: { drivers } });
    for (const name of ['one', 'two']) {
      await addVolume(name, { csi: { driver: 'd', volumeHandle: name } });
      await bindTo(await addClaim(name, ''), name);
    }
    await quiet();
    snapshot.addPod(podInfo(testPod(podWith('one'))), 'a');
    expect(await verdicts(podWith('two'))).toEqual(['node(s) exceed max volume count', 'fits']);
    expect(await verdicts({ ...podWith('one'), name: 'sharer' })).toEqual(['fits', 'fits']);
    expect(await helps(podWith('two'))).toBe('would fit on a if a could take more volumes');
  });

  it('wait for the claims of their own that nobody has made yet', async () => {
    const pod = {
      name: 'own',
      spec: { volumes: [{ name: 'data', ephemeral: { volumeClaimTemplate: { spec: {} } } }] },
    };
    expect(await verdicts(pod)).toEqual([
      'waiting for ephemeral volume controller to create the persistentvolumeclaim "own-data"',
    ]);
  });

  it('share a disk of the cloud only where all mount it for reading', async () => {
    const mounting = (name: string, readOnly: boolean) => ({
      name,
      spec: { volumes: [{ name: 'disk', gcePersistentDisk: { pdName: 'd', readOnly } }] },
    });
    snapshot.addPod(podInfo(testPod(mounting('reader', true))), 'a');
    snapshot.addPod(podInfo(testPod(mounting('writer', false))), 'b');
    const taken = 'node(s) had no available disk';
    expect(await verdicts(mounting('another', true))).toEqual(['fits', taken]);
    expect(await verdicts(mounting('another', false))).toEqual([taken, taken]);
  });
});

describe('claims that wait for their first pod', () => {
  const binding = () => {
    const plugin = plugins[2];
    if (!plugin?.reserve || !plugin.preBind || !plugin.unreserve) throw new Error('not the binding plugin');
    return { reserve: plugin.reserve, preBind: plugin.preBind, unreserve: plugin.unreserve };
  };
  const cycleOf = (parts: Parameters<typeof testPod>[0]) => ({ pod: podInfo(testPod(parts)), snapshot });
  const claimNow = (name: string) => client.get(persistentVolumeClaimKind, { namespace: 'default', name });

  it('take a volume that is there, and a promised one is promised once', async () => {
    await addClass('local', 'WaitForFirstConsumer', 'kubernetes.io/no-provisioner');
    await addVolume('v', { storageClassName: 'local', nodeAffinity: onNode('b') });
    await addClaim('c', 'local');
    await addClaim('d', 'local');
    expect(await verdicts(podWith('c'))).toEqual([NONE, 'fits']);
    const first = cycleOf(podWith('c'));
    expect(binding().reserve(first, 'b')).toBeUndefined();
    expect(await verdicts(podWith('d'))).toEqual([NONE, NONE]);
    binding().unreserve(first, 'b');
    expect(await verdicts(podWith('d'))).toEqual([NONE, 'fits']);

    binding().reserve(first, 'b');
    const done = binding().preBind(first, 'b', signal);
    await quiet();
    const { spec } = await client.get(persistentVolumeKind, { name: 'v' });
    expect(spec?.claimRef?.name).toBe('c');
    await bindTo(await claimNow('c'), 'v');
    await done;
  });

  it('have a new one made on the node of the pod, and wait for it', async () => {
    await addClass('made', 'WaitForFirstConsumer');
    await addClaim('c', 'made');
    expect(await verdicts(podWith('c'))).toEqual(['fits', 'fits']);
    const cycle = cycleOf(podWith('c'));
    binding().reserve(cycle, 'a');
    const done = binding().preBind(cycle, 'a', signal);
    await quiet();
    expect((await claimNow('c')).metadata.annotations).toEqual({ [SELECTED_NODE]: 'a' });
    expect(await verdicts({ ...podWith('c'), name: 'second' })).toEqual(['fits', NONE]);
    await addVolume('v', { nodeAffinity: onNode('a') });
    await bindTo(await claimNow('c'), 'v');
    await done;
  });

  it('send the pod back when the node is taken back, when it takes too long, when the scheduler stops', async () => {
    await addClass('made', 'WaitForFirstConsumer');
    await addClaim('c', 'made');
    await quiet();
    const cycle = cycleOf(podWith('c'));
    const begin = async (stop = signal) => {
      binding().reserve(cycle, 'a');
      const done = binding().preBind(cycle, 'a', stop);
      const outcome = done.then(
        () => 'bound',
        (error: unknown) => String(error),
      );
      await quiet();
      return outcome;
    };
    const refused = begin();
    await quiet();
    const { annotations: _, ...metadata } = (await claimNow('c')).metadata;
    await client.update(persistentVolumeClaimKind, { ...(await claimNow('c')), metadata });
    expect(await refused).toContain('no volume could be made');
    binding().unreserve(cycle, 'a');

    const late = begin();
    await quiet();
    clock.advance(60_000);
    expect(await late).toContain('timed out');
    binding().unreserve(cycle, 'a');

    const stop = new AbortController();
    const stopped = begin(stop.signal);
    await quiet();
    stop.abort();
    expect(await stopped).toContain('stops');
  });
});
