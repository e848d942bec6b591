import { describe, expect, it } from 'vitest';
import { serviceOf, servingPod } from '../testing/service-case';
import { TRIGGER_TIME, TriggerTimes, withTriggerTime } from './trigger-times';

const service = serviceOf({ selector: { app: 'web' } });
const made = { ...service, metadata: { ...service.metadata, creationTimestamp: '2026-01-01T00:00:00Z' } };

function pod(name: string, second: number) {
  const given = servingPod({ name, ready: true });
  const lastTransitionTime = `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`;
  const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime }];
  return { ...given, status: { ...given.status, conditions } };
}

describe('TriggerTimes', () => {
  it('names the earliest of what is new', () => {
    const times = new TriggerTimes();
    expect(times.look(made, [])).toBe('2026-01-01T00:00:00Z');
    expect(times.look(made, [pod('a', 20), pod('b', 10)])).toBe('2026-01-01T00:00:10Z');
    expect(times.look(made, [pod('a', 20), pod('b', 10)])).toBeUndefined();
    expect(times.look(made, [pod('a', 30), pod('b', 10), pod('c', 40)])).toBe('2026-01-01T00:00:30Z');
  });

  it('has nothing to say of what goes, and begins anew with what it has forgotten', () => {
    const times = new TriggerTimes();
    times.look(made, [pod('a', 20)]);
    expect(times.look(made, [])).toBeUndefined();
    expect(times.look(made, [pod('a', 20)])).toBe('2026-01-01T00:00:20Z');
    times.forget('n/web');
    expect(times.look(made, [])).toBe('2026-01-01T00:00:00Z');
  });
});

it('the time is set or taken off, other annotations stay', () => {
  const time = '2026-01-01T00:00:00Z';
  expect(withTriggerTime({ a: 'b' }, time)).toEqual({ a: 'b', [TRIGGER_TIME]: time });
  expect(withTriggerTime({ a: 'b', [TRIGGER_TIME]: time }, undefined)).toEqual({ a: 'b' });
  expect(withTriggerTime(undefined, undefined)).toEqual({});
});
