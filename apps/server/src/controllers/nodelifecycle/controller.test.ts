import { leaseKind } from '@wheelhouse/shared/kinds/coordination/lease';
import { eventKind } from '@wheelhouse/shared/kinds/core/event';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { isReady } from '../machinery/pods';
import { Harness } from '../testing/harness';
import { readyStatus } from './health';
import { UNREACHABLE } from './taints';

const LEASES = 'kube-node-lease';

async function withNodes(...names: string[]): Promise<Harness> {
  const harness = new Harness(['nodelifecycle', 'podgc'], { nodeMonitorGraceSeconds: 40 });
  for (const name of names) {
    await harness.client.create(nodeKind, { metadata: { name } });
    await setReady(harness, name);
    await harness.client.create(leaseKind, {
      metadata: { name, namespace: LEASES },
      spec: { renewTime: '0' },
    });
  }
  await harness.start();
  return harness;
}

async function setReady(harness: Harness, name: string): Promise<void> {
  const lastHeartbeatTime = harness.clock.now().toISOString();
  const conditions = [{ type: 'Ready', status: 'True', lastHeartbeatTime }];
  await harness.client.patch(
    nodeKind,
    { name },
    { type: 'merge', body: { status: { conditions } } },
    { subresource: 'status' },
  );
}

/** Lets time pass in steps of 10 s, in which these nodes renew their leases. */
async function pass(harness: Harness, seconds: number, ...alive: string[]): Promise<void> {
  for (let elapsed = 0; elapsed < seconds; elapsed += 10) {
    await harness.advance(10_000);
    for (const name of alive) {
      const renewTime = harness.clock.now().toISOString();
      await harness.client.patch(
        leaseKind,
        { namespace: LEASES, name },
        { type: 'merge', body: { spec: { renewTime } } },
      );
    }
    await harness.quiet();
  }
}

async function podOn(harness: Harness, node: string, tolerationSeconds: number): Promise<void> {
  const tolerations = [
    { key: UNREACHABLE, operator: 'Exists' as const, effect: 'NoExecute' as const, tolerationSeconds },
  ];
  const pod: Pod = {
    metadata: { name: `on-${node}`, namespace: 'n' },
    spec: { nodeName: node, containers: [], tolerations },
  };
  await harness.setPod(await harness.client.create(podKind, pod), 'ready');
  await harness.quiet();
}

const node = (harness: Harness, name: string) => {
  const found = harness.client.all(nodeKind).find(({ metadata }) => metadata.name === name);
  if (!found) throw new Error(`no node ${name}`);
  return found;
};
const taints = (harness: Harness, name: string) =>
  (node(harness, name).spec?.taints ?? []).map(({ effect }) => effect);
const theOnlyPod = (harness: Harness) => {
  const [pod] = harness.pods();
  if (!pod) throw new Error('no pod');
  return pod;
};

describe('nodelifecycle controller', () => {
  it('leaves a node alone whose lease is renewed, and writes nothing', async () => {
    const harness = await withNodes('a', 'b');
    const before = harness.client.writes.length;
    await pass(harness, 120, 'a', 'b');
    expect(harness.client.writes.slice(before).filter(({ type }) => type !== leaseKind)).toEqual([]);
    await harness.stop();
  });

  it('declares a silent node unknown, its pods not ready, and moves them when their time is over', async () => {
    const harness = await withNodes('dead', 'alive');
    await podOn(harness, 'dead', 60);
    await pass(harness, 30, 'alive');
    expect(readyStatus(node(harness, 'dead'))).toBe('True');
    await pass(harness, 10, 'alive');
    expect(readyStatus(node(harness, 'dead'))).toBe('Unknown');
    expect(taints(harness, 'dead')).toEqual(['NoSchedule', 'NoExecute']);
    expect(isReady(theOnlyPod(harness))).toBe(false);
    await pass(harness, 50, 'alive');
    expect(theOnlyPod(harness).metadata.deletionTimestamp).toBeUndefined();
    await pass(harness, 10, 'alive');
    expect(theOnlyPod(harness).metadata.deletionTimestamp).toBeDefined();
    await harness.client.delete(nodeKind, { name: 'dead' });
    await harness.quiet();
    await pass(harness, 10, 'alive');
    expect(harness.pods()).toEqual([]);
    await harness.stop();
  });

  it('takes the taints off a node that is back, whose pods stay', async () => {
    const harness = await withNodes('a', 'b');
    await podOn(harness, 'a', 60);
    await pass(harness, 50, 'b');
    expect(taints(harness, 'a')).toContain('NoExecute');
    await setReady(harness, 'a');
    await pass(harness, 120, 'a', 'b');
    expect(taints(harness, 'a')).toEqual([]);
    expect(theOnlyPod(harness).metadata.deletionTimestamp).toBeUndefined();
    const told = harness.client.all(eventKind).filter(({ reason }) => reason === 'TaintManagerEviction');
    expect(told.map(({ message }) => message)).toEqual(['Cancelling deletion of Pod n/on-a']);
    await harness.stop();
  });

  it('moves nothing while no node is healthy', async () => {
    const harness = await withNodes('a', 'b');
    await podOn(harness, 'a', 10);
    await pass(harness, 100);
    expect(taints(harness, 'a')).toEqual(['NoSchedule']);
    expect(theOnlyPod(harness).metadata.deletionTimestamp).toBeUndefined();
    await setReady(harness, 'b');
    await pass(harness, 20, 'b');
    expect(taints(harness, 'a')).toEqual(['NoSchedule', 'NoExecute']);
    expect(theOnlyPod(harness).metadata.deletionTimestamp).toBeDefined();
    await harness.stop();
  });

  it('gives every node its whole grace again after a restart', async () => {
    const harness = await withNodes('a', 'b');
    await pass(harness, 30);
    await harness.restart();
    await pass(harness, 30);
    expect(readyStatus(node(harness, 'a'))).toBe('True');
    await pass(harness, 10, 'b');
    expect(readyStatus(node(harness, 'a'))).toBe('Unknown');
    await harness.stop();
  });
});
