import fc from 'fast-check';
import { expect, test } from 'vitest';
import { testNode, testPod } from '../testing/objects';
import type { PodMatcher } from './match-counts';
import { podInfo } from './pod-info';
import { Snapshot } from './snapshot';

const web: PodMatcher = {
  key: 'web',
  namespace: 'default',
  matches: ({ labels }) => labels.app === 'web',
};
const anywhere: PodMatcher = { ...web, namespace: undefined };

const pod = (id: number) =>
  podInfo(
    testPod({
      name: `p${id}`,
      namespace: id % 3 === 0 ? 'other' : 'default',
      cpu: `${100 * (1 + (id % 4))}m`,
      labels: { app: id % 2 === 0 ? 'web' : 'db' },
      container: { ports: id % 5 === 0 ? [{ containerPort: 1, hostPort: 1000 + id }] : [] },
    }),
  );

const change = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('add' as const), pod: fc.nat(9), node: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), pod: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('node' as const), node: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), node: fc.nat(3) }) },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** A snapshot beside the plainest record of what should be in it. */
class Modelled {
  constructor(
    readonly snapshot = new Snapshot(),
    readonly where = new Map<number, string>(),
    readonly nodes = new Set<string>(),
  ) {}

  apply(step: Change): void {
    const name = 'node' in step ? `n${step.node}` : '';
    if (step.do === 'node') {
      this.snapshot.setNode(testNode({ name }));
      this.nodes.add(name);
    } else if (step.do === 'drop') {
      this.snapshot.removeNode(name);
      this.nodes.delete(name);
    } else if (step.do === 'remove' || this.where.has(step.pod)) {
      const node = this.where.get(step.pod);
      if (node) this.snapshot.removePod(pod(step.pod).uid, node);
      this.where.delete(step.pod);
    } else {
      this.snapshot.addPod(pod(step.pod), name);
      this.where.set(step.pod, name);
    }
  }

  fork(): Modelled {
    return new Modelled(this.snapshot.fork(), new Map(this.where), new Set(this.nodes));
  }

  check(): void {
    const { snapshot, where, nodes } = this;
    expect(snapshot.nodes.map(({ name }) => name).sort()).toEqual([...nodes].sort());
    const expected = (matcher: PodMatcher) => {
      const counts: Record<string, number> = {};
      for (const [id, node] of where) {
        const info = pod(id);
        const inside = matcher.namespace === undefined || info.namespace === matcher.namespace;
        if (nodes.has(node) && inside && matcher.matches(info)) counts[node] = (counts[node] ?? 0) + 1;
      }
      return counts;
    };
    for (const matcher of [web, anywhere]) {
      expect(Object.fromEntries(snapshot.matchCounts(matcher))).toEqual(expected(matcher));
    }
    for (const node of snapshot.nodes) {
      const there = [...where].filter(([, name]) => name === node.name).map(([id]) => pod(id));
      expect([...node.pods.keys()].sort()).toEqual(there.map(({ uid }) => uid).sort());
      expect(node.requested.milliCpu).toBe(there.reduce((sum, { requests }) => sum + requests.milliCpu, 0));
      expect(node.hostPorts?.length ?? 0).toBe(there.flatMap(({ hostPorts }) => hostPorts).length);
    }
  }
}

test('figures stay true over any history, and neither side of a fork sees the other', () => {
  fc.assert(
    fc.property(
      fc.array(change, { maxLength: 30 }),
      fc.array(change, { maxLength: 20 }),
      fc.array(change, { maxLength: 20 }),
      (before, onBase, onFork) => {
        const base = new Modelled();
        for (const step of before) base.apply(step);
        base.check();
        const fork = base.fork();
        const second = fork.fork();
        for (let i = 0; i < 20; i++) {
          const [a, b] = [onBase[i], onFork[i]];
          if (a) base.apply(a);
          if (b) fork.apply(b);
        }
        base.check();
        fork.check();
        second.check();
      },
    ),
  );
});
