import { describe, expect, it } from 'vitest';
import { addressArguments } from './node-addresses';

describe('addresses of local nodes', () => {
  it('are the last of the range of pods, which pods reach', () => {
    expect(addressArguments('10.245.0.0/16', 0)).toEqual([
      '--node-ip',
      '10.245.255.1',
      '--nodeport-addresses',
      '127.0.0.1,10.245.255.1',
      '--claim-node-ip',
    ]);
    expect(addressArguments('10.245.0.0/16', 2)).toContain('10.245.255.3');
  });

  it('are loopback where the range is', () => {
    expect(addressArguments('127.130.0.0/16', 1)).toEqual([
      '--node-ip',
      '127.0.1.2',
      '--nodeport-addresses',
      '127.0.1.2',
    ]);
  });
});
