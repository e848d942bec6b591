import type { Stored } from '@wheelhouse/shared/meta/object';
import type { JobSpec, JobStatus } from 'kubernetes-types/batch/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { NO_FAILURES } from './backoff';
import { planJob } from './plan';

interface Case {
  /** `completions: null`: the first success is enough. */
  readonly spec: Partial<Omit<JobSpec, 'completions'>> & { readonly completions?: number | null };
  readonly status?: JobStatus;
  /** Each pod with its phase and what else there is to say: `going`, `exit=N`, `index=N`, `done` (not tracked any more). */
  readonly pods?: Readonly<Record<string, string>>;
}

const NOW = new Date('2026-01-01T01:00:00Z');
const TRACKING = 'batch.kubernetes.io/job-tracking';

function podOf(name: string, text: string): Stored<Pod> {
  const [phase = '', ...notes] = text.split(' ');
  const noted = (key: string) => notes.find((note) => note.startsWith(`${key}=`))?.split('=')[1];
  const index = noted('index');
  const exitCode = noted('exit');
  const finishedAt = '2026-01-01T00:00:00Z';
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace: 'n',
      uid: name,
      resourceVersion: '1',
      ...(notes.includes('done') ? {} : { finalizers: [TRACKING] }),
      ...(index ? { annotations: { 'batch.kubernetes.io/job-completion-index': index } } : {}),
      ...(notes.includes('going') ? { deletionTimestamp: finishedAt } : {}),
    },
    spec: { containers: [{ name: 'c' }] },
    status: {
      phase,
      ...(exitCode
        ? {
            containerStatuses: [
              {
                name: 'c',
                image: '',
                imageID: '',
                ready: false,
                restartCount: 0,
                state: { terminated: { exitCode: Number(exitCode), finishedAt } },
              },
            ],
          }
        : {}),
    },
  };
}

describe('planJob', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ spec: { completions = 1, ...spec }, status, pods = {} }) => {
    const plan = planJob(
      {
        kind: 'Job',
        apiVersion: 'batch/v1',
        metadata: { name: 'work', namespace: 'n', uid: 'j', resourceVersion: '1' },
        spec: {
          parallelism: 1,
          ...(completions === null ? {} : { completions }),
          backoffLimit: 6,
          completionMode: 'NonIndexed',
          podReplacementPolicy: 'TerminatingOrFailed',
          selector: {},
          template: {},
          ...spec,
        },
        ...(status ? { status } : {}),
      },
      Object.entries(pods).map(([name, text]) => podOf(name, text)),
      NO_FAILURES,
      NOW,
    );
    const {
      active = 0,
      succeeded = 0,
      failed = 0,
      conditions = [],
      completedIndexes,
      failedIndexes,
    } = plan.status;
    return {
      create: plan.create.map(({ index }) => index ?? 'one'),
      remove: plan.remove.map(({ metadata }) => metadata.name),
      counts: [active, succeeded, failed],
      ...(completedIndexes ? { completedIndexes } : {}),
      ...(failedIndexes ? { failedIndexes } : {}),
      conditions: conditions.map(({ type, reason }) => `${type}${reason ? ` ${reason}` : ''}`),
      events: plan.events.map(({ reason }) => reason),
    };
  });
});
