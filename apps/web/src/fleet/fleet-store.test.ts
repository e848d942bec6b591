import type { FleetPod, FleetWorkload } from '@wheelhouse/shared/console/protocol';
import { describe, expect, it, vi } from 'vitest';
import { FleetStore } from './fleet-store';

const pod = (name: string, more: Partial<FleetPod> = {}): FleetPod => ({
  resource: 'pods',
  namespace: 'shop',
  name,
  uid: name,
  created: '2026-01-01T00:00:00Z',
  phase: 'Running',
  ready: true,
  restarts: 0,
  cpu: 0,
  memory: 0,
  containers: ['main'],
  ...more,
});

const replicaSet: FleetWorkload = {
  resource: 'replicasets',
  namespace: 'shop',
  name: 'web-1',
  uid: 'rs',
  created: '2026-01-01T00:00:00Z',
  desired: 1,
  replicas: 1,
  ready: 1,
  images: [],
  behind: false,
  labels: {},
  cpu: 0,
  memory: 0,
  owner: { kind: 'Deployment', name: 'web', uid: 'deployment' },
};

describe('FleetStore', () => {
  it('puts pods under their deployment, whichever of pod and replica set comes first', () => {
    const store = new FleetStore();
    const owner = { kind: 'ReplicaSet', name: 'web-1', uid: 'rs' };
    store.apply([{ put: pod('early', { owner }) }]);
    expect(store.set('workload:rs').map(({ name }) => name)).toEqual(['early']);
    const seen = vi.fn();
    store.subscribe('set:workload:deployment', seen);
    store.apply([{ put: replicaSet }, { put: pod('late', { owner }) }]);
    expect(store.set('workload:deployment').map(({ name }) => name)).toEqual(['early', 'late']);
    expect(store.set('workload:rs')).toEqual([]);
    expect(seen).toHaveBeenCalledTimes(1);
  });

  it('wakes only what a change touches, once a batch', () => {
    const store = new FleetStore();
    store.apply([{ put: pod('a', { node: 'one' }) }, { put: pod('b', { node: 'two' }) }]);
    const a = vi.fn();
    const one = vi.fn();
    const two = vi.fn();
    store.subscribe('object:pods/shop/a', a);
    store.subscribe('set:node:one', one);
    store.subscribe('set:node:two', two);
    store.apply([{ put: pod('b', { node: 'two', ready: false }) }]);
    expect([a, one, two].map((mock) => mock.mock.calls.length)).toEqual([0, 0, 1]);
    store.apply([{ put: pod('a', { node: 'two' }) }, { put: pod('a', { node: 'two', restarts: 1 }) }]);
    expect([a, one, two].map((mock) => mock.mock.calls.length)).toEqual([1, 1, 2]);
    expect(store.set('node:one')).toEqual([]);
    expect(store.count('node:two')).toBe(2);
  });

  it('keeps the identity of what a new snapshot did not change, and forgets what it lacks', () => {
    const store = new FleetStore();
    store.apply([{ put: pod('a') }, { put: pod('b') }]);
    const before = store.get('pods/shop/a');
    const seen = vi.fn();
    store.subscribe('object:pods/shop/a', seen);
    store.replace([pod('a'), pod('c')]);
    expect(store.get('pods/shop/a')).toBe(before);
    expect(seen).not.toHaveBeenCalled();
    expect(store.set('pods').map(({ name }) => name)).toEqual(['a', 'c']);
    expect(store.complete).toBe(true);
  });
});
