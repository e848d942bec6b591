import fc from 'fast-check';
import { expect, it } from 'vitest';
import { indented, wantsPretty } from './pretty';

it('lays JSON out as JSON.stringify would', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      const expected = JSON.stringify(JSON.parse(text), undefined, 2);
      expect(indented(text)).toBe(expected);
      expect(indented(expected)).toBe(expected);
    }),
  );
});

it('keeps numbers as they were written', () => {
  expect(indented('{"a":12345678901234567890,"b":1.0}')).toBe(
    '{\n  "a": 12345678901234567890,\n  "b": 1.0\n}',
  );
});

it.each([
  ['/api?pretty=true', 'x', undefined, true],
  ['/api?pretty=1', 'x', undefined, true],
  ['/api?pretty=0', 'curl/8', undefined, false],
  ['/api?pretty=yes', 'curl/8', undefined, false],
  ['/api?pretty=', 'curl/8', undefined, true],
  ['/api', 'Wget/1', undefined, true],
  ['/api', 'kubectl/v1.33', undefined, false],
  ['/api', 'kubectl/v1.33', 'application/json;pretty=1', true],
  ['/api', 'Mozilla/5.0 (X11)', 'text/html,*/*', true],
  ['/api', 'Mozilla/5.0 (X11)', 'application/json', false],
])('%s of %s accepting %s: %s', (url, agent, accept, pretty) => {
  expect(wantsPretty({ url, headers: { 'user-agent': agent, accept } }, 1_000)).toBe(pretty);
});

it('leaves large answers as they are, unless they are asked for so, and very large ones', () => {
  const curl = { url: '/api', headers: { 'user-agent': 'curl/8' } };
  expect(wantsPretty(curl, 1_000_000)).toBe(false);
  expect(wantsPretty({ ...curl, url: '/api?pretty=1' }, 1_000_000)).toBe(true);
  expect(wantsPretty({ ...curl, url: '/api?pretty=1' }, 10_000_000)).toBe(false);
});
