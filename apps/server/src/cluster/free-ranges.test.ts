import { describe, expect, it } from 'vitest';
import { freeRoutedRanges, loopbackRanges } from './free-ranges';

describe('freeRoutedRanges', () => {
  it('takes the usual ranges on a host of its own', () => {
    expect(freeRoutedRanges(['172.17.0.0/16', '192.168.1.0/24'])).toEqual({
      pods: '10.244.0.0/16',
      services: '10.96.0.0/16',
    });
  });

  it('keeps clear of networks inside and around a candidate', () => {
    expect(freeRoutedRanges(['10.244.3.0/24'])).toEqual({ pods: '10.245.0.0/16', services: '10.97.0.0/16' });
    expect(freeRoutedRanges(['10.96.0.10/32', '10.245.0.0/16'])).toEqual({
      pods: '10.246.0.0/16',
      services: '10.98.0.0/16',
    });
  });

  it('answers the usual ones when a whole network covers them all', () => {
    expect(freeRoutedRanges(['10.0.0.0/8']).pods).toBe('10.244.0.0/16');
  });
});

describe('loopbackRanges', () => {
  it('stays within 127/8 and never overlaps with itself', () => {
    for (const random of [0, 0.5, 0.999]) {
      const { pods, services } = loopbackRanges(random);
      expect(pods).toMatch(/^127\.1[2-9]\d\.0\.0\/16$/);
      expect(services).toMatch(/^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.0\.0\/16$/);
      expect(pods).not.toBe(services);
    }
  });
});
