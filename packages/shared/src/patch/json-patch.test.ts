import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInvalid } from '../errors';
import { applyJsonPatch } from './json-patch';

describe('applyJsonPatch', () => {
  it.each([
    [{ a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    [{ a: 1 }, [{ op: 'remove', path: '/a' }], {}],
    [{ a: 1 }, [{ op: 'replace', path: '/a', value: null }], { a: null }],
    [{ a: { b: 1 } }, [{ op: 'move', from: '/a/b', path: '/c' }], { a: {}, c: 1 }],
    [{ a: { b: 1 } }, [{ op: 'copy', from: '/a', path: '/c' }], { a: { b: 1 }, c: { b: 1 } }],
    [
      { 'x/y': 1, '~': 2 },
      [
        { op: 'remove', path: '/x~1y' },
        { op: 'test', path: '/~0', value: 2 },
      ],
      { '~': 2 },
    ],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    [{}, [{ op: 'test', path: '/missing', value: null }], {}],
    // Kubernetes' library takes a missing member of an object for null ...
    [{}, [{ op: 'replace', path: '/new', value: 1 }], { new: 1 }],
    [{ a: 1 }, [{ op: 'copy', from: '/missing', path: '/a' }], { a: null }],
    // ... does not look at what stands before the first slash of a path ...
    [{ a: { b: 1 } }, [{ op: 'replace', path: 'a/b', value: 2 }], { a: { b: 1 }, b: 2 }],
    // ... and counts negative indices from the end.
    [{ a: [1, 2] }, [{ op: 'replace', path: '/a/-1', value: 3 }], { a: [1, 3] }],
    [{ a: [1, 2] }, [{ op: 'remove', path: '/a/-2' }], { a: [2] }],
    [{ a: [1, 2] }, [{ op: 'add', path: '/a/-1', value: 3 }], { a: [1, 2, 3] }],
    [{ a: [{ b: 1 }] }, [{ op: 'test', path: '/a/-1/b', value: 1 }], { a: [{ b: 1 }] }],
  ])('%j with %j becomes %j', (document, patch, result) => {
    expect(applyJsonPatch(document, patch)).toEqual(result);
  });

  it.each([
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'remove', path: '/b' }],
    [{ op: 'replace', path: '/b/c', value: 1 }],
    [{ op: 'replace', path: '/list/0', value: 1 }],
    [{ op: 'test', path: '/b/c', value: null }],
    [{ op: 'add', path: '/b/c', value: 1 }],
    [{ op: 'add', path: '', value: {} }],
    [{ op: 'add', path: '/list/-2', value: 1 }],
    [{ op: 'add', value: 1 }],
    [{ op: 'copy', path: '/c' }],
    [{ path: '/a', value: 1 }],
    [{ op: 'add', path: '/list/5', value: 1 }],
    [{ op: 'add', path: '/list/01', value: 1 }],
    [{ op: 'remove', path: '/list/-1' }],
    [{ op: 'move', from: '/a', path: '/a/b' }],
    [{ op: 'move', from: '/b', path: '/c' }],
    [{ op: 'nope', path: '/a' }],
    [{ op: 'add', path: 'a', value: 1 }],
    [{ op: 'remove', path: '/constructor' }],
    [{ op: 'copy', from: '', path: '/c' }],
    [{ op: 'move', from: '', path: '/c' }],
  ])('answers 422 to %j', (operation) => {
    const document = { a: 1, list: [] };
    try {
      applyJsonPatch(document, [operation]);
      expect.unreachable();
    } catch (error) {
      expect(isInvalid(error)).toBe(true);
    }
    expect(document).toEqual({ a: 1, list: [] });
  });

  it('refuses what is no patch', () => {
    expect(() => applyJsonPatch({}, {})).toThrow('error decoding patch');
    expect(() => applyJsonPatch({}, [1])).toThrow('error decoding patch');
    expect(() => applyJsonPatch({}, new Array(10_001).fill({ op: 'test', path: '' }))).toThrow(
      'maximum operations',
    );
  });

  it('stops copies that double a document again and again', () => {
    const patch: object[] = [];
    for (let i = 0; i < 60; i++) patch.push({ op: 'copy', from: '/a', path: `/a/b${i}` });
    expect(() => applyJsonPatch({ a: { x: 'y'.repeat(1000) } }, patch)).toThrow('exceeding the limit');
  });

  it('keeps prototypes out of reach', () => {
    const result = applyJsonPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: true } }]);
    expect('polluted' in {}).toBe(false);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"polluted":true}}');
    expect(() => applyJsonPatch({}, [{ op: 'add', path: '/constructor/prototype', value: 1 }])).toThrow();
  });

  it('does not change its inputs, and a move back undoes a move', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue()), (document) => {
        const before = JSON.stringify(document);
        const moved = applyJsonPatch({ ...document, from: 1 }, [
          { op: 'move', from: '/from', path: '/to-there' },
        ]);
        expect(applyJsonPatch(moved, [{ op: 'remove', path: '/to-there' }])).toEqual(
          applyJsonPatch({ ...document, from: 1 }, [{ op: 'remove', path: '/from' }]),
        );
        expect(JSON.stringify(document)).toBe(before);
      }),
    );
  });
});
