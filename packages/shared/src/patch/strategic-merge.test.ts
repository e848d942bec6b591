import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyStrategicMergePatch } from './strategic-merge';

const POD_SPEC = 'io.k8s.api.core.v1.PodSpec';
const DEPLOYMENT = 'io.k8s.api.apps.v1.Deployment';
const SERVICE_SPEC = 'io.k8s.api.core.v1.ServiceSpec';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const spec = (live: object, patch: object) => applyStrategicMergePatch(live, patch, POD_SPEC);
const names = (value: unknown) =>
  (value as { containers: { name: string }[] }).containers.map(({ name }) => name).join('');

describe('lists with a merge key', () => {
  it('merges the element with the same key and puts new ones first', () => {
    expect(
      spec(
        {
          containers: [
            { name: 'a', image: '1' },
            { name: 'b', image: '1' },
          ],
        },
        {
          containers: [
            { name: 'n', image: '1' },
            { name: 'b', image: '2' },
          ],
        },
      ),
    ).toEqual({
      containers: [
        { name: 'n', image: '1' },
        { name: 'a', image: '1' },
        { name: 'b', image: '2' },
      ],
    });
  });

  it('removes an element and replaces a whole list by directives', () => {
    const live = { containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
    expect(names(spec(live, { containers: [{ name: 'b', $patch: 'delete' }] }))).toBe('ac');
    expect(names(spec(live, { containers: [{ $patch: 'replace' }, { name: 'x' }] }))).toBe('x');
    expect(spec(live, { containers: [{ $patch: 'replace' }] })).toEqual({ containers: [] });
    expect(names(spec(live, { containers: [{ $patch: 'replace', name: 'y' }, { name: 'x' }] }))).toBe('x');
  });

  it('takes the order that the patch sets', () => {
    const live = { containers: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] };
    const order = [{ name: 'c' }, { name: 'n' }, { name: 'a' }];
    expect(names(spec(live, { '$setElementOrder/containers': order, containers: [{ name: 'n' }] }))).toBe(
      'bcna',
    );
    expect(
      names(spec(live, { '$setElementOrder/containers': [{ name: 'c' }, { name: 'b' }, { name: 'a' }] })),
    ).toBe('cba');
  });

  it('knows service ports by their number alone', () => {
    const live = { ports: [{ port: 80, protocol: 'TCP', name: 'http' }] };
    expect(applyStrategicMergePatch(live, { ports: [{ port: 80, protocol: 'UDP' }] }, SERVICE_SPEC)).toEqual({
      ports: [{ port: 80, protocol: 'UDP', name: 'http' }],
    });
  });

  it('refuses elements without their key', () => {
    expect(() => spec({ containers: [{ name: 'a' }] }, { containers: [{ image: 'x' }] })).toThrow(
      'does not contain declared merge key: name',
    );
  });
});

describe('other lists', () => {
  it('merges lists of primitives as sets', () => {
    const live = { finalizers: ['a/a', 'b/b'] };
    expect(applyStrategicMergePatch(live, { finalizers: ['c/c', 'a/a'] }, META)).toEqual({
      finalizers: ['c/c', 'a/a', 'b/b'],
    });
    expect(applyStrategicMergePatch(live, { '$deleteFromPrimitiveList/finalizers': ['a/a'] }, META)).toEqual({
      finalizers: ['b/b'],
    });
  });

  it('replaces lists without a strategy', () => {
    const live = { tolerations: [{ key: 'a' }, { key: 'b' }] };
    expect(spec(live, { tolerations: [{ key: 'c' }] })).toEqual({ tolerations: [{ key: 'c' }] });
    const args = { containers: [{ name: 'a', args: ['x', 'y'] }] };
    expect(spec(args, { containers: [{ name: 'a', args: ['z'] }] })).toEqual({
      containers: [{ name: 'a', args: ['z'] }],
    });
  });
});

describe('objects and maps', () => {
  it('merges, deletes by null, and replaces by directive', () => {
    const live = { nodeSelector: { a: '1', b: '2' } };
    expect(spec(live, { nodeSelector: { b: null, c: '3' } })).toEqual({ nodeSelector: { a: '1', c: '3' } });
    expect(spec(live, { nodeSelector: { $patch: 'replace', c: '3' } })).toEqual({ nodeSelector: { c: '3' } });
    expect(spec(live, { nodeSelector: { $patch: 'delete' } })).toEqual({ nodeSelector: {} });
    expect(spec(live, { nodeSelector: null })).toEqual({});
  });

  it('drops what is not retained', () => {
    const live = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } };
    const patch = { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } };
    expect(applyStrategicMergePatch(live, patch, DEPLOYMENT)).toEqual({
      spec: { strategy: { type: 'Recreate' } },
    });
    const wrong = { spec: { strategy: { $retainKeys: ['type'], rollingUpdate: {} } } };
    expect(() => applyStrategicMergePatch(live, wrong, DEPLOYMENT)).toThrow('$retainKeys');
  });

  it('refuses unknown directives', () => {
    const live = { nodeSelector: { a: 'b' }, containers: [{ name: 'a' }] };
    expect(() => spec(live, { nodeSelector: { $patch: 'explode' } })).toThrow('Unknown patch type');
    expect(() => spec(live, { containers: [{ name: 'a', $patch: 'merge' }] })).toThrow('unexpected value');
    expect(() => applyStrategicMergePatch({}, [], POD_SPEC)).toThrow('error decoding patch');
  });

  it('keeps prototypes out of reach', () => {
    applyStrategicMergePatch(
      {},
      JSON.parse('{"metadata":{"labels":{"__proto__":{"polluted":true}}}}'),
      DEPLOYMENT,
    );
    expect('polluted' in {}).toBe(false);
  });
});

it('changes nothing when applied twice, loses no live element, and leaves its inputs alone', () => {
  const container = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    image: fc.constantFrom('1', '2'),
  });
  const containers = fc.uniqueArray(container, { selector: ({ name }) => name });
  fc.assert(
    fc.property(containers, containers, (live, patch) => {
      const before = JSON.stringify([live, patch]);
      const once = spec({ containers: live }, { containers: patch }) as { containers: { name: string }[] };
      expect(spec(once, { containers: patch })).toEqual(once);
      const expected = new Set([...live, ...patch].map(({ name }) => name));
      expect(new Set(once.containers.map(({ name }) => name))).toEqual(expected);
      expect(once.containers).toHaveLength(expected.size);
      // What the patch names stands in the patch's order, what it does not in the live order.
      const order = once.containers.map(({ name }) => name);
      const inPatch: string[] = patch.map(({ name }) => name);
      expect(order.filter((name) => inPatch.includes(name))).toEqual(inPatch);
      expect(order.filter((name) => !inPatch.includes(name))).toEqual(
        live.map(({ name }) => name as string).filter((name) => !inPatch.includes(name)),
      );
      expect(JSON.stringify([live, patch])).toBe(before);
    }),
  );
});

describe('directives where nothing is merged', () => {
  const merged = (live: object, patch: object) => applyStrategicMergePatch(live, patch, DEPLOYMENT);

  it('obeys none in what replaces another value', () => {
    expect(
      spec(
        { tolerations: [{ key: 'a' }], containers: [{ name: 'c' }] },
        {
          tolerations: [{ key: 'b', $patch: 'delete', $retainKeys: ['x'] }],
          containers: [
            { $patch: 'replace' },
            { name: 'd', resources: { $patch: 'delete', limits: { cpu: '1' } } },
          ],
        },
      ),
    ).toEqual({
      tolerations: [{ key: 'b' }],
      containers: [{ name: 'd', resources: { limits: { cpu: '1' } } }],
    });
    expect(
      merged(
        { spec: { replicas: 1 } },
        { spec: { $patch: 'replace', strategy: { $patch: 'delete', type: 'x' } } },
      ),
    ).toEqual({ spec: { strategy: { type: 'x' } } });
  });

  it('does not make what is to be deleted', () => {
    expect(
      spec(
        {},
        {
          containers: [{ name: 'a', $patch: 'delete' }, { name: 'b' }],
          securityContext: { $patch: 'delete' },
        },
      ),
    ).toEqual({ containers: [{ name: 'b' }] });
  });

  it('orders a list that is new', () => {
    expect(
      names(
        spec(
          {},
          {
            containers: [{ name: 'a' }, { name: 'b' }],
            '$setElementOrder/containers': [{ name: 'x' }, { name: 'a' }, { name: 'b' }],
          },
        ),
      ),
    ).toBe('ab');
  });

  it('takes what is to go from a list without a merge strategy for the list itself', () => {
    const patch = { '$deleteFromPrimitiveList/args': ['a'] };
    expect(applyStrategicMergePatch({ args: ['a', 'b'] }, patch, 'io.k8s.api.core.v1.Container')).toEqual({
      args: ['a'],
    });
  });
});
