import type { Client } from '@wheelhouse/shared/client/client';
import { hasJobCondition, type Job, jobKind } from '@wheelhouse/shared/kinds/batch/job';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { podDisruptionBudgetKind } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import pino from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Component } from '../../component';
import { startTestApiServer, type TestApiServer } from '../../http/testing/test-api-server';
import { isActive } from '../machinery/pods';
import { startControllers } from '../start-controllers';
import { when } from '../testing/when';
import { isTracked } from './pods';

let server: TestApiServer;
let client: Client;
let controllers: Component;

beforeEach(async () => {
  server = await startTestApiServer({});
  client = server.client;
  await client.create(namespaceKind, { metadata: { name: 'work' } });
  controllers = await startControllers({
    client,
    log: pino({ level: 'silent' }),
    enabled: ['job', 'disruption'],
    settings: {},
  });
});

afterEach(async () => {
  await controllers.stop();
  await server.stop();
});

/** What the kubelet would report. */
async function report(pod: Stored<Pod>, phase: string, ready: boolean): Promise<void> {
  const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
  const body = { status: { phase, conditions } };
  await client.patch(podKind, pod.metadata, { type: 'merge', body }, { subresource: 'status' });
}

it('runs a job to its end by the rules of the API', async () => {
  const job: Job = {
    metadata: { name: 'j', namespace: 'work' },
    spec: {
      completions: 3,
      parallelism: 3,
      completionMode: 'Indexed',
      template: {
        spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox:1' }] },
      },
    },
  };
  await client.create(jobKind, job);
  const pods = await when(client, podKind, (all) => all.filter(isActive).length === 3);
  for (const pod of pods) await report(pod, 'Succeeded', false);
  const [done] = await when(client, jobKind, ([one]) => hasJobCondition(one?.status, 'Complete'));
  expect(done?.status).toMatchObject({ succeeded: 3, completedIndexes: '0-2', uncountedTerminatedPods: {} });
  const left = await client.list(podKind, { namespace: 'work' });
  expect(left.items.some(isTracked)).toBe(false);
});

it('grants evictions as long as the budget lasts', async () => {
  const names = ['a', 'b', 'c'];
  for (const name of names) {
    const pod = await client.create(podKind, {
      metadata: { name, namespace: 'work', labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'busybox:1' }] },
    });
    await report(pod, 'Running', true);
  }
  await client.create(podDisruptionBudgetKind, {
    metadata: { name: 'web', namespace: 'work' },
    spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
  });
  await when(client, podDisruptionBudgetKind, ([one]) => one?.status?.disruptionsAllowed === 1);
  const evict = (name: string, dryRun = false) =>
    client.createSubresource(
      podKind,
      { name, namespace: 'work' },
      'eviction',
      { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } },
      { dryRun },
    );
  await evict('a', true);
  // All at once: the budget is asked in one place, so one gets through.
  const answers = await Promise.allSettled(names.map((name) => evict(name)));
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const answer of answers) {
    if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 429 });
  }
  expect((await client.list(podKind, { namespace: 'work' })).items).toHaveLength(2);
  await when(
    client,
    podDisruptionBudgetKind,
    ([one]) => one?.status?.currentHealthy === 2 && one.status.disruptedPods === undefined,
  );
});
