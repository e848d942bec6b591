import type { FleetPod } from '@wheelhouse/shared/console/protocol';
import { describe, expect, it } from 'vitest';
import { age, ago } from './ages';
import { bytes, bytesOf, cpus, figure } from './amounts';
import { lookOf, podInWords } from './pod-words';
import { schedulingInWords } from './scheduling-words';

const pod: FleetPod = {
  resource: 'pods',
  namespace: 'shop',
  name: 'web-1',
  uid: '1',
  created: '',
  phase: 'Running',
  ready: true,
  restarts: 0,
  node: 'node-1',
  cpu: 0,
  memory: 0,
  containers: ['main'],
};

describe('amounts', () => {
  it('uses as few digits as tell the truth', () => {
    expect([0, 50, 400, 2200, 4000, 12_400].map(cpus)).toEqual(['0', '0.05', '0.4', '2.2', '4', '12']);
    expect(bytes(512 * 2 ** 20)).toBe('512 Mi');
    expect(bytesOf(5.1 * 2 ** 30, 8 * 2 ** 30)).toBe('5.1 of 8 Gi');
    expect(bytesOf(48 * 2 ** 20, 24 * 2 ** 30)).toBe('48 Mi of 24 Gi');
    expect(bytesOf(0, 24 * 2 ** 30)).toBe('0 of 24 Gi');
    expect(figure(48_212)).toBe('48\u2009212');
  });
});

describe('ages', () => {
  it('names one unit', () => {
    expect([0, 8, 90, 7_200, 300_000].map((seconds) => age(0, seconds * 1000))).toEqual([
      'now',
      '8 s',
      '1 min',
      '2 h',
      '3 d',
    ]);
    expect(ago(0, 1000)).toBe('just now');
  });
});

describe('pods', () => {
  it('reads trouble before phase', () => {
    const crashing: FleetPod = {
      ...pod,
      ready: false,
      trouble: { container: 'main', state: 'waiting', reason: 'CrashLoopBackOff', exitCode: 137 },
    };
    expect([lookOf(pod), lookOf(crashing), lookOf({ ...pod, ready: false })]).toEqual([
      'running',
      'failed',
      'starting',
    ]);
    expect(podInWords({ ...pod, phase: 'Pending', node: undefined } as FleetPod)).toBe(
      'is waiting for a node',
    );
    expect(podInWords({ ...pod, phase: 'Terminating' })).toBe('is stopping');
  });
});

describe('schedulingInWords', () => {
  it('says it as people do', () => {
    expect(
      schedulingInWords(
        '0/4 nodes are available: 1 Insufficient cpu, 3 node(s) had untolerated taint {dedicated: data}.',
      ),
    ).toBe('Of 4 nodes, 1 is short of CPU, 3 have a taint that it does not tolerate.');
  });
  it('leaves what it does not know as it is', () => {
    expect(schedulingInWords('no nodes available to schedule pods')).toBe(
      'no nodes available to schedule pods',
    );
    expect(schedulingInWords('0/2 nodes are available: 2 something new.')).toBe(
      'Of 2 nodes, 2 something new.',
    );
  });
});
