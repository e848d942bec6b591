import type { Event } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../clock';
import { forbidden, serviceUnavailable } from '../errors';
import { eventKind } from '../kinds/core/event';
import { createEventRecorder } from './event-recorder';
import { MemoryClient } from './testing/memory-client';

const pod = { kind: 'Pod', apiVersion: 'v1', namespace: 'n', name: 'web', uid: 'u' };

function setUp() {
  const clock = new ManualClock();
  const client = new MemoryClient(clock);
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  const recorder = createEventRecorder(client, { component: 'kubelet', host: 'node', clock, onError });
  const events = (): Event[] => client.all(eventKind);
  return { clock, client, errors, recorder, events };
}

describe('createEventRecorder', () => {
  it('writes an event about the object, in its namespace', async () => {
    const { recorder, events } = setUp();
    recorder.record(pod, 'Normal', 'Started', 'Started container web');
    recorder.record({ kind: 'Node', metadata: { name: 'node' } }, 'Warning', 'NodeNotReady', 'silent');
    await recorder.flush();
    expect(events()).toMatchObject([
      {
        metadata: { namespace: 'n' },
        involvedObject: pod,
        reason: 'Started',
        type: 'Normal',
        count: 1,
        source: { component: 'kubelet', host: 'node' },
      },
      { metadata: { namespace: 'default' }, involvedObject: { kind: 'Node', name: 'node' }, type: 'Warning' },
    ]);
  });

  it('counts equal events in one object', async () => {
    const { recorder, events, clock } = setUp();
    for (let i = 0; i < 5; i += 1) {
      recorder.record(pod, 'Warning', 'BackOff', 'Back-off restarting');
      await recorder.flush();
      clock.advance(1_000);
    }
    expect(events()).toMatchObject([
      { count: 5, firstTimestamp: '2026-01-01T00:00:00Z', lastTimestamp: '2026-01-01T00:00:04Z' },
    ]);
  });

  it('joins similar events after the tenth and cuts a flood off after 25', async () => {
    const { recorder, events, clock } = setUp();
    for (let i = 0; i < 40; i += 1) recorder.record(pod, 'Normal', 'Pulled', `image ${i}`);
    await recorder.flush();
    expect(events()).toHaveLength(11);
    const joined = events().find(({ message }) => message?.startsWith('(combined from similar events)'));
    expect(joined?.count).toBe(15);
    clock.advance(300_000);
    recorder.record(pod, 'Normal', 'Killing', 'again');
    await recorder.flush();
    expect(events()).toHaveLength(12);
  });

  it('begins anew when the event it counted in has expired', async () => {
    const { recorder, events, client } = setUp();
    recorder.record(pod, 'Normal', 'A', 'a');
    await recorder.flush();
    for (const event of client.all(eventKind)) await client.delete(eventKind, event.metadata);
    recorder.record(pod, 'Normal', 'A', 'a');
    await recorder.flush();
    expect(events()).toMatchObject([{ count: 1 }]);
  });

  it('tries again while the server is away, and reports what it gives up', async () => {
    const { recorder, events, client, clock, errors } = setUp();
    let failures = 2;
    client.before = () => {
      failures -= 1;
      if (failures >= 0) throw serviceUnavailable('away');
    };
    recorder.record(pod, 'Normal', 'A', 'a');
    for (let i = 0; i < 3; i += 1) {
      for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
      clock.advance(5_000);
    }
    await recorder.flush();
    expect(events()).toHaveLength(1);
    client.before = () => {
      throw forbidden({}, 'no');
    };
    recorder.record(pod, 'Normal', 'B', 'b');
    await recorder.flush();
    expect(errors).toHaveLength(1);
  });
});
