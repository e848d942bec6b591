import fc from 'fast-check';
import type { Affinity } from 'kubernetes-types/core/v1';
import { expect, test } from 'vitest';
import { testNode, testPod } from '../testing/objects';
import type { NodeTest } from './domain-count';
import type { PodMatcher } from './match-counts';
import { type PodInfo, podInfo } from './pod-info';
import { Snapshot } from './snapshot';

const web: PodMatcher = {
  key: 'web',
  namespace: 'default',
  matches: ({ labels }) => labels.app === 'web',
};
const everyNode: NodeTest = { key: 'every', test: () => true };
const anywhere: PodMatcher = { ...web, namespace: undefined };

const about = (app: string, extra: object = {}) => ({
  topologyKey: 'zone',
  labelSelector: { matchLabels: { app } },
  ...extra,
});
/** Rules about others, of each role. */
const AFFINITIES: readonly Affinity[] = [
  {},
  { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [about('web')] } },
  {
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [about('db', { namespaceSelector: {} })] },
  },
  {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 7, podAffinityTerm: about('web', { namespaces: ['default', 'other'] }) },
      ],
    },
  },
];

const pod = (id: number) =>
  podInfo(
    testPod({
      spec: { priority: id % 3, affinity: AFFINITIES[id % AFFINITIES.length] ?? {} },
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
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('node' as const),
      node: fc.nat(3),
      zone: fc.constantFrom('a', 'b', ''),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), node: fc.nat(3) }) },
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** A snapshot beside the plainest record of what should be in it. */
class Modelled {
  constructor(
    readonly snapshot = new Snapshot(),
    readonly where = new Map<number, string>(),
    /** With their zones, '' for none. */
    readonly nodes = new Map<string, string>(),
  ) {}

  apply(step: Change): void {
    const name = 'node' in step ? `n${step.node}` : '';
    if (step.do === 'node') {
      this.snapshot.setNode(testNode({ name, labels: step.zone ? { zone: step.zone } : {} }));
      this.nodes.set(name, step.zone);
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
    return new Modelled(this.snapshot.fork(), new Map(this.where), new Map(this.nodes));
  }

  check(): void {
    const { snapshot, where, nodes } = this;
    expect(snapshot.nodes.map(({ name }) => name).sort()).toEqual([...nodes.keys()].sort());
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
    this.#checkDomains();
    for (const node of snapshot.nodes) {
      const there = [...where].filter(([, name]) => name === node.name).map(([id]) => pod(id));
      expect([...node.pods.keys()].sort()).toEqual(there.map(({ uid }) => uid).sort());
      expect(node.requested.milliCpu).toBe(there.reduce((sum, { requests }) => sum + requests.milliCpu, 0));
      for (const priority of [0, 1, 2, 3]) {
        expect(node.hasBelow(priority)).toBe(there.some((info) => info.priority < priority));
      }
      expect(node.hostPorts?.length ?? 0).toBe(there.flatMap(({ hostPorts }) => hostPorts).length);
    }
  }

  /** Placed pods with their zone, those on nodes without one left out. */
  #zoned() {
    return [...this.where].flatMap(([id, node]) => {
      const zone = this.nodes.get(node);
      return zone ? [{ info: pod(id), zone }] : [];
    });
  }

  #checkDomains(): void {
    const { snapshot, nodes } = this;
    const zoned = this.#zoned();
    const count = (matches: (info: PodInfo) => boolean) => {
      const counts: Record<string, number> = {};
      for (const { info, zone } of zoned) if (matches(info)) counts[zone] = (counts[zone] ?? 0) + 1;
      return counts;
    };
    for (const matcher of [web, anywhere]) {
      const inside = (info: PodInfo) =>
        (matcher.namespace === undefined || info.namespace === matcher.namespace) && matcher.matches(info);
      const { counts } = snapshot.domainCounts(matcher, { topologyKey: 'zone' });
      expect(Object.fromEntries(counts)).toEqual(count(inside));
      const spread = snapshot.domainCounts(matcher, { topologyKey: 'zone', eligible: everyNode });
      const zones = new Set([...nodes.values()].filter(Boolean));
      const all = { ...Object.fromEntries([...zones].map((zone) => [zone, 0])), ...count(inside) };
      expect(Object.fromEntries(spread.counts)).toEqual(all);
      expect(spread.least).toBe(zones.size === 0 ? 0 : Math.min(...Object.values(all)));
    }
    const said: Record<string, number> = {};
    for (const namespace of ['default', 'other']) {
      for (const { role, weight, domains, term } of snapshot.termsAbout(namespace)) {
        for (const [zone, pods] of domains)
          said[`${namespace} ${role} ${weight} ${term.signature} ${zone}`] = pods;
      }
    }
    const expected: Record<string, number> = {};
    for (const { info, zone } of zoned) {
      const { affinity, antiAffinity, preferred } = info.terms;
      const terms = [
        ...antiAffinity.map((term) => ({ term, role: 'required', weight: 1 })),
        ...affinity.map((term) => ({ term, role: 'near', weight: 1 })),
        ...preferred.map((one) => ({ ...one, role: 'preferred' })),
      ];
      for (const { term, role, weight } of terms) {
        for (const namespace of term.namespaceSelector ? ['default', 'other'] : term.namespaces) {
          const key = `${namespace} ${role} ${weight} ${term.signature} ${zone}`;
          expected[key] = (expected[key] ?? 0) + 1;
        }
      }
    }
    expect(said).toEqual(expected);
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
