import { describe, expect, it } from 'vitest';
import { diff, MOST_CHANGES, summarize } from './history';

const pod = (containers: object[], extra: object = {}) => ({
  metadata: { name: 'a', resourceVersion: '1' },
  spec: { containers },
  ...extra,
});

describe('diff', () => {
  it('finds nothing between equals, and ignores what changes with every write', () => {
    expect(diff(pod([{ name: 'web' }]), pod([{ name: 'web' }]))).toEqual([]);
    expect(
      diff(
        { metadata: { resourceVersion: '1', generation: 1, managedFields: [1] } },
        { metadata: { resourceVersion: '2', generation: 2, managedFields: [2] } },
      ),
    ).toEqual([]);
  });

  it('compares lists of named things by name', () => {
    const before = pod([
      { name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }] },
      { name: 'log', image: 'log:1' },
    ]);
    const after = pod([
      { name: 'init', image: 'init:1' },
      { name: 'web', image: 'web:2', env: [{ name: 'A', value: '2' }] },
    ]);
    expect(diff(before, after)).toEqual([
      { path: 'spec.containers[init]', after: { name: 'init', image: 'init:1' } },
      { path: 'spec.containers[web].image', before: 'web:1', after: 'web:2' },
      { path: 'spec.containers[web].env[A].value', before: '1', after: '2' },
      { path: 'spec.containers[log]', before: { name: 'log', image: 'log:1' } },
    ]);
  });

  it('compares plain lists as a whole, and others by position', () => {
    expect(diff({ args: ['a', 'b'] }, { args: ['a', 'c'] })).toEqual([
      { path: 'args', before: ['a', 'b'], after: ['a', 'c'] },
    ]);
    expect(diff({ terms: [{ x: 1 }, { x: 2 }] }, { terms: [{ x: 1 }, { x: 3 }] })).toEqual([
      { path: 'terms[1].x', before: 2, after: 3 },
    ]);
    // Two of one name: names tell nothing here.
    expect(
      diff(
        {
          l: [
            { name: 'a', x: 1 },
            { name: 'a', x: 2 },
          ],
        },
        { l: [{ name: 'a', x: 1 }] },
      ),
    ).toEqual([{ path: 'l[1]', before: { name: 'a', x: 2 } }]);
  });

  it('writes odd keys so that they can be told apart, and is safe with inherited names', () => {
    const labels = JSON.parse('{"a.b/c":"1","__proto__":"x","constructor":"y"}');
    expect(diff({ labels: {} }, { labels }).map(({ path }) => path)).toEqual([
      'labels["a.b/c"]',
      'labels.__proto__',
      'labels.constructor',
    ]);
  });

  it('tells null from absent', () => {
    expect(diff({ a: null }, {})).toEqual([{ path: 'a', before: null }]);
    expect(diff({}, { a: null })).toEqual([{ path: 'a', after: null }]);
  });

  it('is bounded', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
    expect(diff({}, many).length).toBe(MOST_CHANGES);
  });
});

describe('summarize', () => {
  const update = { verb: 'update', responseCode: 200 } as const;
  it('shows what was wanted before what was observed', () => {
    const changes = diff(
      { status: { replicas: 3 }, spec: { replicas: 3 } },
      { status: { replicas: 4 }, spec: { replicas: 8 } },
    );
    expect(summarize(update, changes)).toBe('spec.replicas 3 → 8, status.replicas 3 → 4');
  });

  it('counts what it does not show, and cuts long values', () => {
    const changes = diff({ a: 1, b: 1, c: 1, d: 1, e: 'x' }, { a: 2, b: 2, c: 'y'.repeat(100), d: 2 });
    const summary = summarize(update, changes);
    expect(summary).toContain('and 2 more');
    expect(summary.length).toBeLessThan(120);
  });

  it('has words for everything else', () => {
    expect(summarize({ verb: 'create', responseCode: 201 }, [])).toBe('created');
    expect(summarize({ verb: 'delete', responseCode: 200 }, [])).toBe('deleted');
    const begun = diff({ metadata: {} }, { metadata: { deletionTimestamp: 'now' } });
    expect(summarize({ verb: 'delete', responseCode: 200 }, begun)).toBe('deletion begun');
    const bound = diff({ spec: {} }, { spec: { nodeName: 'node-1' } });
    expect(summarize({ verb: 'bind', subresource: 'binding', responseCode: 201 }, bound)).toBe(
      'bound to node-1',
    );
    expect(summarize({ verb: 'update', responseCode: 409, refusal: 'too late' }, [])).toBe(
      'refused (409): too late',
    );
    expect(summarize(update, [])).toBe('no change to speak of');
    expect(summarize(update, diff({ a: 1 }, {}))).toBe('a removed');
  });
});
