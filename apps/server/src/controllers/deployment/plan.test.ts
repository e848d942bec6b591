import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Deployment, ReplicaSet } from 'kubernetes-types/apps/v1';
import type { PodTemplateSpec } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { goldenCases } from '../testing/golden';
import { boundsOf } from './bounds';
import { planDeployment } from './plan';
import { DESIRED_REPLICAS, MAX_REPLICAS } from './revisions';
import { sameTemplate, templateHash } from './template-hash';

interface Case {
  readonly spec: {
    readonly replicas: number;
    readonly template?: string;
    readonly maxSurge?: number;
    readonly maxUnavailable?: number;
    readonly paused?: boolean;
    readonly recreate?: boolean;
  };
  readonly oldPodsLeft?: boolean;
  readonly sets: readonly SetCase[];
}

interface SetCase {
  readonly name: string;
  readonly template: string;
  readonly replicas: number;
  readonly available: number;
  readonly statusReplicas?: number;
  readonly desired?: number;
  readonly max?: number;
}

const template = (image = 'v1', hash?: string): PodTemplateSpec => ({
  metadata: { labels: { app: 'web', ...(hash ? { 'pod-template-hash': hash } : {}) } },
  spec: { containers: [{ name: 'c', image }] },
});

function setOf({
  name,
  template: image,
  replicas,
  available,
  statusReplicas,
  desired,
  max,
}: SetCase): Stored<ReplicaSet> {
  const annotations = {
    ...(desired === undefined ? {} : { [DESIRED_REPLICAS]: String(desired) }),
    ...(max === undefined ? {} : { [MAX_REPLICAS]: String(max) }),
  };
  return {
    kind: 'ReplicaSet',
    apiVersion: 'apps/v1',
    metadata: { name, uid: name, resourceVersion: '1', namespace: 'n', annotations },
    spec: { replicas, selector: {}, template: template(image, name) },
    status: { replicas: statusReplicas ?? replicas, availableReplicas: available },
  };
}

function deploymentOf({
  replicas,
  template: image,
  paused,
  recreate,
  maxSurge,
  maxUnavailable,
}: Case['spec']): Deployment {
  return {
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: template(image),
      strategy: recreate
        ? { type: 'Recreate' }
        : {
            type: 'RollingUpdate',
            ...(maxSurge === undefined || maxUnavailable === undefined
              ? {}
              : { rollingUpdate: { maxSurge, maxUnavailable } }),
          },
      ...(paused ? { paused } : {}),
    },
  };
}

describe('planDeployment', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ spec, sets, oldPodsLeft = false }) => {
    const stored = sets.map(setOf);
    const plan = planDeployment(deploymentOf(spec), stored, { newName: 'new', oldPodsLeft });
    const sizes = Object.fromEntries(stored.map(({ metadata, spec: set }) => [metadata.name, set?.replicas]));
    for (const { name, replicas } of plan.write) sizes[name] = replicas;
    return sizes;
  });
});

describe('boundsOf', () => {
  it('rounds a surge up and what may be missing down', () => {
    const bounds = (replicas: number, value: string) => {
      const rollingUpdate = { maxSurge: value, maxUnavailable: value };
      const spec = { replicas, selector: {}, template: {}, strategy: { rollingUpdate } };
      const { maxSurge, maxUnavailable } = boundsOf({ spec });
      return [maxSurge, maxUnavailable];
    };
    expect(bounds(10, '25%')).toEqual([3, 2]);
    expect(bounds(1, '25%')).toEqual([1, 0]);
    expect(bounds(3, '0%')).toEqual([0, 1]);
    expect(bounds(2, '100%')).toEqual([2, 2]);
  });
});

describe('templateHash', () => {
  it('depends on the content alone, not on the order of keys or the label that carries it', () => {
    const other: PodTemplateSpec = {
      spec: { containers: [{ image: 'v1', name: 'c' }] },
      metadata: { labels: { app: 'web' } },
    };
    expect(templateHash(other, 0)).toBe(templateHash(template('v1'), 0));
    expect(templateHash(template('v1', 'abc'), 0)).toBe(templateHash(template('v1'), 0));
    expect(sameTemplate(template('v1', 'abc'), other)).toBe(true);
    expect(templateHash(template('v2'), 0)).not.toBe(templateHash(template('v1'), 0));
    expect(templateHash(template('v1'), 1)).not.toBe(templateHash(template('v1'), 0));
    expect(templateHash(template('v1'), 0)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{4,10}$/);
  });
});
