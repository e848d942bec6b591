import type { Stored } from '@wheelhouse/shared/meta/object';
import type { StatefulSet } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { planStatefulSet } from './plan';

interface Case {
  readonly replicas: number;
  readonly start?: number;
  readonly policy?: 'OrderedReady' | 'Parallel';
  readonly strategy?: 'RollingUpdate' | 'OnDelete';
  readonly partition?: number;
  readonly maxUnavailable?: number | string;
  /** By ordinal: revision and state, e.g. `new ready`. */
  readonly pods: Readonly<Record<string, string>>;
}

const NOW = new Date('2026-01-01T00:00:00Z');

function setOf(wanted: Case): Stored<StatefulSet> {
  const { maxUnavailable, partition = 0 } = wanted;
  return {
    metadata: { name: 'db', namespace: 'n', uid: 'u', resourceVersion: '1' },
    spec: {
      replicas: wanted.replicas,
      serviceName: 'db',
      selector: {},
      template: {},
      podManagementPolicy: wanted.policy ?? 'OrderedReady',
      ...(wanted.start === undefined ? {} : { ordinals: { start: wanted.start } }),
      updateStrategy:
        wanted.strategy === 'OnDelete'
          ? { type: 'OnDelete' }
          : {
              type: 'RollingUpdate',
              rollingUpdate: { partition, ...(maxUnavailable === undefined ? {} : { maxUnavailable }) },
            },
    },
    kind: 'StatefulSet',
    apiVersion: 'apps/v1',
  };
}

function podOf(ordinal: string, text: string): Stored<Pod> {
  const [revision = '', state = ''] = text.split(' ');
  const phases: Record<string, string> = { failed: 'Failed', pending: 'Pending' };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name: `db-${ordinal}`,
      namespace: 'n',
      uid: ordinal,
      resourceVersion: '1',
      labels: { 'controller-revision-hash': revision },
      ...(state === 'going' ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    status: {
      phase: phases[state] ?? 'Running',
      conditions: [{ type: 'Ready', status: state === 'ready' || state === 'going' ? 'True' : 'False' }],
    },
  };
}

describe('planStatefulSet', () => {
  goldenCases<Case>(import.meta.url, 'plan', (wanted) => {
    const pods = Object.entries(wanted.pods).map(([ordinal, text]) => podOf(ordinal, text));
    const input = { pods, currentRevision: 'old', updateRevision: 'new' };
    const plan = planStatefulSet(setOf(wanted), input, NOW);
    return {
      create: plan.create.map(({ ordinal, revision }) => `${ordinal} ${revision}`),
      remove: plan.remove.map(({ pod, why }) => `${pod.metadata.name} ${why}`),
    };
  });
});
