import fc from 'fast-check';
import { expect, it } from 'vitest';
import { applyMergePatch } from './merge-patch';

it.each([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: [1, 2] }, { a: { a: 'foo', b: null } }, { a: { a: 'foo' } }],
])('%j with %j becomes %j', (document, patch, result) => {
  expect(applyMergePatch(document, patch)).toEqual(result);
});

it('refuses what is no object', () => {
  for (const patch of [[], 'x', 1, null])
    expect(() => applyMergePatch({}, patch)).toThrow('error decoding patch');
});

it('keeps prototypes out of reach', () => {
  const patch = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}');
  const result = applyMergePatch({ a: 1 }, patch);
  expect('polluted' in {}).toBe(false);
  expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
});

it('changes nothing when applied twice, and leaves its inputs alone', () => {
  const object = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 3 }));
  fc.assert(
    fc.property(object, object, (document, patch) => {
      const before = JSON.stringify([document, patch]);
      const once = applyMergePatch(document, patch);
      expect(applyMergePatch(once, patch)).toEqual(once);
      expect(JSON.stringify([document, patch])).toBe(before);
    }),
  );
});
