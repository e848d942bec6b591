import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe } from 'vitest';
import { mapMatcher } from '../machinery/selectors';
import { goldenCases } from '../testing/golden';
import { planReplication } from './plan';

interface Case {
  readonly replicas: number;
  readonly deleting?: boolean;
  readonly pods: readonly PodCase[];
}

interface PodCase {
  readonly name: string;
  readonly owned?: boolean;
  readonly labels?: Record<string, string>;
  readonly phase: string;
  readonly ready?: boolean;
  readonly node?: string;
  readonly deleting?: boolean;
  /** Seconds. */
  readonly age?: number;
  readonly readyFor?: number;
  readonly restarts?: number;
  readonly cost?: string;
}

const ago = (seconds: number) => new Date(Date.UTC(2026, 0, 1) - seconds * 1000).toISOString();

function podOf(given: PodCase): Stored<Pod> {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'owner', controller: true };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name: given.name,
      namespace: 'n',
      uid: given.name,
      resourceVersion: '1',
      labels: given.labels ?? { app: 'web' },
      creationTimestamp: ago(given.age ?? 0),
      ...(given.owned ? { ownerReferences: [owner] } : {}),
      ...(given.deleting ? { deletionTimestamp: ago(0) } : {}),
      ...(given.cost ? { annotations: { 'controller.kubernetes.io/pod-deletion-cost': given.cost } } : {}),
    },
    spec: { containers: [], ...(given.node ? { nodeName: given.node } : {}) },
    status: {
      phase: given.phase,
      conditions: [
        {
          type: 'Ready',
          status: given.ready ? 'True' : 'False',
          lastTransitionTime: ago(given.readyFor ?? 0),
        },
      ],
      containerStatuses: [
        { name: 'c', image: '', imageID: '', ready: true, restartCount: given.restarts ?? 0 },
      ],
    },
  };
}

const names = (pods: readonly Stored<Pod>[]) => pods.map(({ metadata }) => metadata.name);

describe('planReplication', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ replicas, deleting = false, pods }) => {
    const all = pods.map(podOf);
    const own = all.filter(({ metadata }) => metadata.ownerReferences);
    const owner = { uid: 'owner', deleting, replicas, selects: mapMatcher({ app: 'web' }) };
    const { adopt, release, create, remove } = planReplication(owner, all, own);
    return { adopt: names(adopt), release: names(release), create, remove: names(remove) };
  });
});
