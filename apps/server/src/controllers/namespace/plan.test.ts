import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { deletionConditions, overdue, type Remains } from './plan';

const now = new Date('2026-01-01T00:00:00Z');
const remains: Remains = {
  content: [
    {
      type: podKind,
      objects: [{ metadata: { name: 'a' } }, { metadata: { name: 'b', finalizers: ['x/y'] } }],
    },
    { type: configMapKind, objects: [] },
  ],
  failures: ['secrets is forbidden'],
};
const nothing: Remains = { content: [], failures: [] };

describe('deletionConditions', () => {
  it('says what is left, what holds it and what failed', () => {
    const conditions = deletionConditions(remains, [], now) ?? [];
    const problems = conditions
      .filter(({ status }) => status === 'True')
      .map(({ type, message }) => [type, message]);
    expect(problems).toEqual([
      [
        'NamespaceDeletionContentFailure',
        'Failed to delete all resource types, 1 remaining: secrets is forbidden',
      ],
      ['NamespaceContentRemaining', 'Some resources are remaining: pods. has 2 resource instances'],
      [
        'NamespaceFinalizersRemaining',
        'Some content in the namespace has finalizers remaining: x/y in 1 resource instances',
      ],
    ]);
  });

  it('changes nothing when nothing has changed, and moves the transition time with the status alone', () => {
    const first = deletionConditions(remains, [], now) ?? [];
    const later = new Date('2026-01-01T01:00:00Z');
    expect(deletionConditions(remains, first, later)).toBeUndefined();
    const cleared = deletionConditions(nothing, first, later) ?? [];
    const times = Object.fromEntries(
      cleared.map(({ type, lastTransitionTime }) => [type, lastTransitionTime]),
    );
    expect(times.NamespaceContentRemaining).toBe('2026-01-01T01:00:00Z');
    expect(times.NamespaceDeletionDiscoveryFailure).toBe('2026-01-01T00:00:00Z');
  });
});

describe('overdue', () => {
  const pod = (terminationGracePeriodSeconds: number, more: object = {}) => ({
    metadata: { name: 'p' },
    spec: { containers: [], terminationGracePeriodSeconds },
    ...more,
  });
  const namespace = { name: 'n', deletedAt: new Date('2025-12-31T23:59:50Z') };
  const late = (
    objects: Remains['content'][number]['objects'],
    type: Remains['content'][number]['type'] = podKind,
  ) => overdue({ content: [{ type, objects }], failures: [] }, namespace, now);

  it('is a pod after its grace period, and anything else that nothing holds', () => {
    const message = 'unexpected items still remain in namespace: n for gvr: /v1, Resource=pods';
    expect(late([pod(10)])).toEqual([message]);
    expect(late([pod(11)])).toEqual([]);
    expect(late([pod(11, { status: { phase: 'Failed' } })])).toEqual([message]);
    expect(late([{ metadata: { name: 'c' } }], configMapKind)).toHaveLength(1);
  });

  it('is nothing that has finalizers', () => {
    expect(late([pod(1), { metadata: { name: 'q', finalizers: ['x/y'] } }])).toEqual([]);
  });
});

interface Case {
  /** Each object with its kind and its finalizers, e.g. `pod example.com/a`. */
  readonly objects?: Readonly<Record<string, string>>;
  readonly failures?: readonly string[];
}

describe('why a namespace is still there', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ objects = {}, failures = [] }) => {
    const of = (kind: string) =>
      Object.entries(objects)
        .filter(([, text]) => text.split(' ')[0] === kind)
        .map(([name, text]) => ({ metadata: { name, finalizers: text.split(' ').slice(1) } }));
    const content = [
      { type: podKind, objects: of('pod') },
      { type: configMapKind, objects: of('configmap') },
    ];
    const conditions = deletionConditions({ content, failures }, [], now) ?? [];
    return Object.fromEntries(
      conditions.map(({ type, status, reason, message }) => [type, `${status} ${reason}: ${message}`]),
    );
  });
});
