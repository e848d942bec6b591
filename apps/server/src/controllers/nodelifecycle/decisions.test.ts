import { systemClock } from '@wheelhouse/shared/clock';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node, NodeCondition, Pod, Taint, Toleration } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { evictionTime } from './eviction';
import { lifeMark, observe, silentConditions } from './health';
import { TaintTimes } from './taint-times';
import { desiredTaints, NOT_READY, UNREACHABLE } from './taints';

const now = new Date('2026-01-01T00:01:00Z');
const node = (conditions: NodeCondition[], more: Partial<NonNullable<Node['spec']>> = {}): Node => ({
  metadata: { name: 'n', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: more,
  status: { conditions },
});
const ready = (status: string): NodeCondition => ({
  type: 'Ready',
  status,
  lastHeartbeatTime: '2026-01-01T00:00:10Z',
});
const short = (taints: Taint[] | undefined) =>
  taints?.map(({ key, effect, timeAdded }) => [key, effect, timeAdded]);

describe('silentConditions', () => {
  it('makes all that the kubelet reports unknown, keeping when it was last heard of', () => {
    const pressure = { type: 'MemoryPressure', status: 'False' };
    const conditions = silentConditions(node([ready('True'), pressure]), now);
    expect(conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ['Ready', 'Unknown', 'NodeStatusUnknown'],
      ['MemoryPressure', 'Unknown', 'NodeStatusUnknown'],
      ['DiskPressure', 'Unknown', 'NodeStatusNeverUpdated'],
      ['PIDPressure', 'Unknown', 'NodeStatusNeverUpdated'],
    ]);
    expect(conditions?.[0]).toMatchObject({
      lastHeartbeatTime: '2026-01-01T00:00:10Z',
      lastTransitionTime: '2026-01-01T00:01:00Z',
    });
    expect(silentConditions(node(conditions ?? []), now)).toBeUndefined();
  });

  it('is not the sign of life of a node that it wrote itself', () => {
    const before = node([ready('True')]);
    const after = node(silentConditions(before, now) ?? []);
    const seen = observe(undefined, lifeMark(before, 'r1'), 5);
    expect(observe(seen, lifeMark(after, 'r1'), 9).seenAt).toBe(5);
    expect(observe(seen, lifeMark(after, 'r2'), 9).seenAt).toBe(9);
  });
});

describe('desiredTaints', () => {
  const time = '2026-01-01T00:01:00Z';

  it('leaves a new node its first taint until it is ready', () => {
    const taints = [{ key: NOT_READY, effect: 'NoSchedule' }];
    expect(desiredTaints(node([], { taints }), { evict: true }, now)).toBeUndefined();
    expect(desiredTaints(node([ready('True')], { taints }), { evict: true }, now)).toEqual([]);
    expect(desiredTaints(node([]), { evict: true }, now)).toBeUndefined();
  });

  it('follows the Ready condition', () => {
    expect(short(desiredTaints(node([ready('False')]), { evict: true }, now))).toEqual([
      [NOT_READY, 'NoSchedule', time],
      [NOT_READY, 'NoExecute', time],
    ]);
    expect(short(desiredTaints(node([ready('Unknown')]), { evict: false }, now))).toEqual([
      [UNREACHABLE, 'NoSchedule', time],
    ]);
    const tainted = node([ready('True')], {
      taints: [
        { key: UNREACHABLE, effect: 'NoExecute' },
        { key: 'own', effect: 'NoExecute' },
      ],
    });
    expect(short(desiredTaints(tainted, { evict: true }, now))).toEqual([['own', 'NoExecute', undefined]]);
  });

  it('keeps the time at which a taint was set, and writes nothing when nothing changes', () => {
    const taints: Taint[] = [
      { key: UNREACHABLE, effect: 'NoSchedule' },
      { key: UNREACHABLE, effect: 'NoExecute', timeAdded: '2025-01-01T00:00:00Z' },
    ];
    expect(desiredTaints(node([ready('Unknown')], { taints }), { evict: true }, now)).toBeUndefined();
  });

  it('marks pressure and cordoned nodes, and leaves a node alone that has not reported yet', () => {
    const pressed = node([ready('True'), { type: 'DiskPressure', status: 'True' }], { unschedulable: true });
    expect(short(desiredTaints(pressed, { evict: true }, now))).toEqual([
      ['node.kubernetes.io/disk-pressure', 'NoSchedule', time],
      ['node.kubernetes.io/unschedulable', 'NoSchedule', time],
    ]);
    expect(desiredTaints(node([]), { evict: true }, now)).toBeUndefined();
  });
});

describe('evictionTime', () => {
  const taint: Taint = { key: UNREACHABLE, effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' };
  const since = Date.parse('2026-01-01T00:00:00Z');
  const pod = (...tolerations: Toleration[]): Pod => ({ spec: { containers: [], tolerations } });
  const exists: Toleration = { key: UNREACHABLE, operator: 'Exists', effect: 'NoExecute' };

  it.each([
    ['nothing tolerates it: at once', pod(), 0],
    ['tolerated for a time', pod({ ...exists, tolerationSeconds: 300 }), since + 300_000],
    [
      'the shortest time counts',
      pod({ ...exists, tolerationSeconds: 300 }, { operator: 'Exists', tolerationSeconds: 20 }),
      since + 20_000,
    ],
    ['tolerated for ever', pod(exists), undefined],
    ['another effect does not help', pod({ ...exists, effect: 'NoSchedule' }), 0],
    ['the value has to be equal', pod({ key: UNREACHABLE, operator: 'Equal', value: 'x' }), 0],
    ['negative seconds mean at once', pod({ ...exists, tolerationSeconds: -5 }), since],
  ])('%s', (_, given, expected) => {
    expect(evictionTime(given, [taint])).toBe(expected);
  });

  it('counts from when the pod came, if the taint was there before', () => {
    const late = pod({ ...exists, tolerationSeconds: 300 });
    const conditions = [{ type: 'PodScheduled', status: 'True', lastTransitionTime: '2026-01-01T01:00:00Z' }];
    expect(evictionTime({ ...late, status: { conditions } }, [taint])).toBe(since + 3_900_000);
  });

  it('looks at each taint, and only at those that drive pods away', () => {
    const other: Taint = { key: 'maintenance', effect: 'NoExecute', timeAdded: '2026-01-01T00:00:00Z' };
    expect(evictionTime(pod(exists), [taint, other])).toBe(0);
    expect(evictionTime(pod(), [{ ...taint, effect: 'NoSchedule' }])).toBeUndefined();
  });
});

describe('TaintTimes', () => {
  const tainted = (...taints: Taint[]): Stored<Node> => ({
    ...node([], { taints }),
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n', uid: 'u', resourceVersion: '1' },
  });
  const own: Taint = { key: 'own', effect: 'NoExecute' };

  it('remembers when a taint came that does not say it, until it goes', () => {
    let time = Date.parse('2026-01-01T00:00:00Z');
    const times = new TaintTimes({ ...systemClock, now: () => new Date(time) });
    const told: Taint = { key: 'told', effect: 'NoExecute', timeAdded: '2025-01-01T00:00:00Z' };
    const first = times.of(tainted(own, told, { key: 'other', effect: 'NoSchedule' }));
    expect(short(first)).toEqual([
      ['own', 'NoExecute', '2026-01-01T00:00:00.000Z'],
      ['told', 'NoExecute', '2025-01-01T00:00:00Z'],
    ]);
    time += 60_000;
    expect(times.of(tainted(own))).toEqual(first.slice(0, 1));
    expect(times.of(tainted())).toEqual([]);
    expect(short(times.of(tainted(own)))).toEqual([['own', 'NoExecute', '2026-01-01T00:01:00.000Z']]);
  });
});
