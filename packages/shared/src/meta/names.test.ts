import { expect, it } from 'vitest';
import { isIp, parseIpv6 } from './ip';
import {
  configKey,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  objectName,
  portName,
  qualifiedName,
} from './names';

it.each([
  [dns1123Label, ['a', 'a-b', '1'], ['', 'A', '-a', 'a-', 'a.b', 'a'.repeat(64)]],
  [dns1123Subdomain, ['a', 'a.b-c.d'], ['', '.', 'a..b', 'a.-b', 'Bad_Name', 'a'.repeat(254)]],
  [dns1035Label, ['a', 'a1'], ['1a', 'a.b', '']],
  [
    qualifiedName,
    ['a', 'A_b.c', 'example.com/My-Name'],
    ['', '/a', 'a/', 'a/b/c', 'a b', 'Ex.com/a', 'a'.repeat(64)],
  ],
  [labelValue, ['', 'a', 'A_b-c.1'], ['-a', 'a b', 'a'.repeat(64)]],
  [portName, ['http', 'a-1'], ['80', 'a--b', '-a', 'HTTP', 'a'.repeat(16), '']],
  [configKey, ['a.b', '_x', '-'], ['', 'a b', '.', '..', '..a']],
])('%o', (rule, good, bad) => {
  for (const value of good) expect(rule(value), value).toEqual([]);
  for (const value of bad) expect(rule(value), value).not.toEqual([]);
});

it('lets a prefix of a generated name end in a dash', () => {
  expect(objectName('dns-subdomain', 'web-', { prefix: true })).toEqual([]);
  expect(objectName('dns-subdomain', 'web-')).not.toEqual([]);
  expect(objectName('path-segment', 'system:admin')).toEqual([]);
  expect(objectName('path-segment', 'a/b')).toEqual([`may not contain '/'`]);
});

it('stays fast on hostile input', () => {
  const start = performance.now();
  dns1123Subdomain(`${'a-'.repeat(50_000)}!`);
  qualifiedName(`${'a'.repeat(100_000)}!`);
  expect(performance.now() - start).toBeLessThan(1000);
});

it.each([
  ['1.2.3.4', true],
  ['01.2.3.4', false],
  ['256.1.1.1', false],
  ['1.2.3', false],
  ['::', true],
  ['::1', true],
  ['fe80::1:2', true],
  ['1:2:3:4:5:6:7:8', true],
  ['1:2:3:4:5:6:7', false],
  ['1::2::3', false],
  ['::ffff:1.2.3.4', true],
  ['1:2:3:4:5:6:1.2.3.4', true],
  ['g::', false],
  ['', false],
])('%s is an address: %s', (text, is) => {
  expect(isIp(text)).toBe(is);
});

it('reads IPv6 into its groups', () => {
  expect(parseIpv6('::ffff:1.2.3.4')).toEqual([0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]);
  expect(parseIpv6('fe80::1')).toEqual([0xfe80, 0, 0, 0, 0, 0, 0, 1]);
});
