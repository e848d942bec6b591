import type { Stored } from '@wheelhouse/shared/meta/object';
import type { RollingUpdateDaemonSet } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { planDaemonSet } from './plan';

interface Case {
  /** Each node with what it says to the pod: `run`, `stay` or `no`. */
  readonly nodes: Readonly<Record<string, 'run' | 'stay' | 'no'>>;
  /** Each pod with its node, template and state, e.g. `a new ready`. */
  readonly pods?: Readonly<Record<string, string>>;
  readonly rolling?: RollingUpdateDaemonSet;
  readonly retryMs?: number;
}

const NOW = new Date('2026-01-01T00:00:00Z');

function podOf(name: string, text: string): Stored<Pod> {
  const [nodeName = '', template = '', state = ''] = text.split(' ');
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      labels: { 'controller-revision-hash': template },
      ...(state === 'going' ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName, containers: [] },
    status: {
      phase: state === 'failed' ? 'Failed' : 'Running',
      conditions: [{ type: 'Ready', status: state === 'ready' ? 'True' : 'False' }],
    },
  };
}

describe('planDaemonSet', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ nodes, pods = {}, rolling, retryMs = 0 }) => {
    const updateStrategy = rolling ? { type: 'RollingUpdate', rollingUpdate: rolling } : { type: 'OnDelete' };
    const plan = planDaemonSet(
      { spec: { selector: {}, template: {}, updateStrategy } },
      {
        pods: Object.entries(pods).map(([name, text]) => podOf(name, text)),
        nodes: new Map(
          Object.entries(nodes).map(([name, says]) => [name, { run: says === 'run', stay: says !== 'no' }]),
        ),
        hash: 'new',
        msUntilRetry: () => retryMs,
      },
      NOW,
    );
    return {
      create: plan.create,
      remove: plan.remove.map(({ metadata }) => metadata.name),
      finished: plan.finished.map(({ pod }) => pod.metadata.name),
    };
  });
});
