import { describe, expect, it } from 'vitest';
import { validateEndpointIp } from './endpoint-address';

describe('an address that is no host on a network', () => {
  it.each([
    ['10.0.0.1', undefined],
    ['2001:db8::1', undefined],
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['169.254.0.1', 'link-local range'],
    ['fe80::1', 'link-local range'],
    ['224.0.0.1', 'link-local multicast'],
    ['ff02::1', 'link-local multicast'],
    ['ff0e::1', undefined],
  ])('%s: %s', (ip, why) => {
    const [error] = validateEndpointIp(ip, 'ip', { loopback: false });
    if (why === undefined) expect(error).toBeUndefined();
    else expect(error?.message).toContain(why);
  });
});
