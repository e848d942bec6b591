import type { FleetPod, PodPhase } from '@wheelhouse/shared/console/protocol';
import { describe, expect, it } from 'vitest';
import { planStrip } from './strip-plan';

const pods = (...phases: PodPhase[]): FleetPod[] =>
  phases.map((phase, index) => ({
    resource: 'pods',
    namespace: 'shop',
    name: `web-${index}`,
    uid: `web-${index}`,
    created: '',
    phase,
    ready: phase === 'Running',
    restarts: 0,
    cpu: 0,
    memory: 0,
    containers: [],
  }));

describe('planStrip', () => {
  it('shows a place for every replica that is still to come', () => {
    expect(
      planStrip(pods('Running', 'Terminating'), { desired: 3, target: undefined, room: undefined }),
    ).toEqual({
      active: 1,
      going: new Set(),
      asked: 2,
      ghosts: 0,
      beyond: 0,
    });
  });

  it('adds ghosts for what the hand asks, and says which do not fit', () => {
    const plan = planStrip(pods('Running', 'Running', 'Pending'), { desired: 3, target: 14, room: 11 });
    expect(plan).toMatchObject({ active: 3, asked: 0, ghosts: 8, beyond: 3 });
  });

  it('marks the newest as going', () => {
    const plan = planStrip(pods('Running', 'Running', 'Running'), { desired: 3, target: 1, room: 11 });
    expect(plan).toMatchObject({ going: new Set(['web-1', 'web-2']), asked: 0, ghosts: 0, beyond: 0 });
  });
});
