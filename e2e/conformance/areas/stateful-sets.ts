import type { StatefulSet, StatefulSetSpec } from 'kubernetes-types/apps/v1';
import type { Pod } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { isReady, settled } from '../support/space';
import { conformance, type Stage } from '../support/suite';

const BASIC = '[sig-apps] StatefulSet [k8s.io] Basic StatefulSet functionality [StatefulSetBasic]';
const SELECTED = '?labelSelector=app%3Dss';

/** A set behind a headless service, each pod ready while its `/healthz` is there. */
async function start(stage: Stage, replicas: number, spec: Partial<StatefulSetSpec> = {}) {
  const { space, pods } = stage;
  await space.create('services', {
    metadata: { name: 'test' },
    spec: { clusterIP: 'None', selector: { app: 'ss' }, ports: [{ name: 'http', port: 80 }] },
  });
  const set: StatefulSet = {
    metadata: { name: 'ss' },
    spec: {
      serviceName: 'test',
      replicas,
      selector: { matchLabels: { app: 'ss' } },
      template: { metadata: { labels: { app: 'ss' } }, spec: pods.server('').spec },
      ...spec,
    },
  };
  return space.create('statefulsets', set);
}

const untilReady = ({ space }: Stage, replicas: number) =>
  space.untilList('pods', SELECTED, (items) => items.length === replicas && items.every(isReady), 90);

const breakPod = ({ space }: Stage, name: string) => space.exec(name, 'mv /www/healthz /tmp/healthz');
const mendPod = ({ space }: Stage, name: string) => space.exec(name, 'mv /tmp/healthz /www/healthz');
const untilUnready = ({ space }: Stage, name: string) =>
  space.until('pods', name, (pod) => !isReady(pod) && pod.status?.phase === 'Running');

const byName = (pods: readonly Pod[]) =>
  [...pods].sort((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
const versions = (pods: readonly Pod[]) =>
  byName(pods).map(({ metadata }) => metadata?.annotations?.version ?? '1');
const revisions = (pods: readonly Pod[]) =>
  byName(pods).map(({ metadata }) => metadata?.labels?.['controller-revision-hash']);

const release = (stage: Stage, version: string, partition?: number) =>
  stage.space.patch('statefulsets', 'ss', {
    spec: {
      template: { metadata: { annotations: { version } } },
      ...(partition === undefined ? {} : { updateStrategy: { rollingUpdate: { partition } } }),
    },
  });

/** The pods' names in the order in which they came (`ADDED`) or went (`DELETED`) since a revision. */
async function order(
  stage: Stage,
  options: { since: string; type: string; count: number },
): Promise<string[]> {
  const names: string[] = [];
  const path = `${stage.space.path('pods')}${SELECTED}&resourceVersion=${options.since}`;
  for await (const { type, object } of stage.api.watch<Pod>(path)) {
    if (type === options.type) names.push(object.metadata?.name ?? '');
    if (names.length === options.count) break;
  }
  return names;
}

/** The controller has seen the set as it is now and still has not done what it must not do. */
async function untilObserved({ space }: Stage) {
  const { metadata } = await space.get('statefulsets', 'ss');
  return space.until(
    'statefulsets',
    'ss',
    ({ status }) => (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0),
  );
}

/** StatefulSet. */
export function statefulSets(): void {
  conformance(
    `${BASIC} Scaling should happen in predictable order and halt if any stateful pod is unhealthy [Slow] [Conformance]`,
    async (stage) => {
      const { space } = stage;
      const created = await start(stage, 1);
      await untilReady(stage, 1);
      await breakPod(stage, 'ss-0');
      await untilUnready(stage, 'ss-0');
      await space.scale('statefulsets', 'ss', 3);
      await untilObserved(stage);
      expect(await space.list('pods', SELECTED)).toHaveLength(1);
      await mendPod(stage, 'ss-0');
      const [last] = await untilReady(stage, 3);
      const since = created.metadata.resourceVersion;
      expect(await order(stage, { since, type: 'ADDED', count: 3 })).toEqual(['ss-0', 'ss-1', 'ss-2']);

      for (const name of ['ss-0', 'ss-1', 'ss-2']) {
        await breakPod(stage, name);
        await untilUnready(stage, name);
      }
      const before = last?.metadata.resourceVersion ?? '';
      await space.scale('statefulsets', 'ss', 0);
      await untilObserved(stage);
      const left = await space.list('pods', SELECTED);
      expect(left.filter(({ metadata }) => !metadata.deletionTimestamp)).toHaveLength(3);
      for (const name of ['ss-0', 'ss-1', 'ss-2']) await mendPod(stage, name);
      await space.untilList('pods', SELECTED, (items) => items.length === 0);
      const gone = await order(stage, { since: before, type: 'DELETED', count: 3 });
      expect(gone).toEqual(['ss-2', 'ss-1', 'ss-0']);
    },
    180,
  );

  conformance(
    `${BASIC} Burst scaling should run to completion even with unhealthy pods [Slow] [Conformance]`,
    async (stage) => {
      const { space } = stage;
      await start(stage, 1, { podManagementPolicy: 'Parallel' });
      await untilReady(stage, 1);
      await breakPod(stage, 'ss-0');
      await untilUnready(stage, 'ss-0');
      await space.scale('statefulsets', 'ss', 3);
      await space.untilList(
        'pods',
        SELECTED,
        (items) => items.length === 3 && items.filter(isReady).length === 2,
      );
      await space.scale('statefulsets', 'ss', 0);
      await space.untilList('pods', SELECTED, (items) => items.length === 0);
      await space.until('statefulsets', 'ss', ({ status }) => status?.replicas === 0);
    },
  );

  conformance(`${BASIC} should have a working scale subresource [Conformance]`, async (stage) => {
    const { space, api } = stage;
    await start(stage, 1);
    await untilReady(stage, 1);
    const path = space.path('statefulsets', 'ss', 'scale');
    const scale = await api.json<{
      metadata: { resourceVersion: string };
      spec: { replicas: number };
      status: { replicas: number };
    }>(path);
    expect(scale.spec.replicas).toBe(1);
    // Without the revision, which the controller's next word on the status would outdate.
    const { resourceVersion: _, ...metadata } = scale.metadata;
    const answer = await api.json<typeof scale>(path, {
      method: 'PUT',
      body: { ...scale, metadata, spec: { replicas: 2 } },
    });
    expect(answer.spec.replicas).toBe(2);
    expect((await space.get('statefulsets', 'ss')).spec?.replicas).toBe(2);
    expect((await space.scale('statefulsets', 'ss', 3)).spec.replicas).toBe(3);
    await untilReady(stage, 3);
  });

  conformance(
    `${BASIC} should perform rolling updates and roll backs of template modifications [Conformance]`,
    async (stage) => {
      const { space } = stage;
      await start(stage, 3);
      const first = await untilReady(stage, 3);
      const [original] = revisions(first);
      await settled(async () => {
        const { status } = await space.get('statefulsets', 'ss');
        expect([status?.currentRevision, status?.updateRevision]).toEqual([original, original]);
      });
      const updated = async (version: string) => {
        const { metadata } = await release(stage, version);
        const since = metadata.resourceVersion;
        await space.untilList(
          'pods',
          SELECTED,
          (items) =>
            items.length === 3 && items.every(isReady) && versions(items).every((is) => is === version),
          90,
        );
        const gone = await order(stage, { since, type: 'DELETED', count: 3 });
        expect(gone).toEqual(['ss-2', 'ss-1', 'ss-0']);
      };
      await updated('2');
      await space.until(
        'statefulsets',
        'ss',
        ({ status }) => status?.currentRevision === status?.updateRevision,
      );
      // Back to the template of the beginning: the revision is the old one, not a third.
      const { metadata } = await space.patch('statefulsets', 'ss', {
        spec: { template: { metadata: { annotations: null } } },
      });
      await space.untilList(
        'pods',
        SELECTED,
        (items) =>
          items.length === 3 && items.every(isReady) && revisions(items).every((is) => is === original),
        90,
      );
      expect(await order(stage, { since: metadata.resourceVersion, type: 'DELETED', count: 3 })).toEqual([
        'ss-2',
        'ss-1',
        'ss-0',
      ]);
      await space.until(
        'statefulsets',
        'ss',
        ({ status }) => status?.currentRevision === original && status?.updateRevision === original,
      );
    },
    240,
  );

  conformance(
    `${BASIC} should perform canary updates and phased rolling updates of template modifications [Conformance]`,
    async (stage) => {
      const { space } = stage;
      await start(stage, 3, { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 3 } } });
      const [original] = revisions(await untilReady(stage, 3));
      const untilVersions = (wanted: string[]) =>
        space.untilList(
          'pods',
          SELECTED,
          (items) => items.length === 3 && items.every(isReady) && versions(items).join() === wanted.join(),
          90,
        );
      // Beyond the last ordinal: nothing is updated.
      await release(stage, '2');
      const held = await untilObserved(stage);
      expect(held.status?.updateRevision).not.toBe(original);
      expect(versions(await space.list('pods', SELECTED))).toEqual(['1', '1', '1']);
      // The canary.
      await release(stage, '2', 2);
      await untilVersions(['1', '1', '2']);
      // Lost pods come back as what they were.
      for (const name of ['ss-0', 'ss-2']) {
        const { metadata } = await space.get('pods', name);
        await space.remove('pods', name);
        await space.until('pods', name, (pod) => pod.metadata.uid !== metadata.uid && isReady(pod));
      }
      expect(versions(await untilReady(stage, 3))).toEqual(['1', '1', '2']);
      // Phase by phase.
      await release(stage, '2', 1);
      await untilVersions(['1', '2', '2']);
      await release(stage, '2', 0);
      await untilVersions(['2', '2', '2']);
      await space.until(
        'statefulsets',
        'ss',
        ({ status }) => status?.currentRevision === status?.updateRevision,
      );
    },
    240,
  );

  conformance(`${BASIC} Should recreate evicted statefulset [Conformance]`, async (stage) => {
    const { space, pods, wide } = stage;
    const [node] = await wide.list('nodes');
    const nodeName = node?.metadata.name ?? '';
    const hostPort = 21_017;
    const ports = [{ name: 'conflict', containerPort: 21_017, hostPort }];
    await space.start(pods.idle('occupant', { container: { ports }, spec: { nodeName } }));
    // Placed on the node without asking the scheduler, its pod finds the port taken and fails there.
    const { spec } = pods.idle('', { container: { ports }, spec: { nodeName } });
    await space.create('services', {
      metadata: { name: 'test' },
      spec: { clusterIP: 'None', selector: { app: 'ss' }, ports: [{ port: 80 }] },
    });
    const { metadata } = await space.create('statefulsets', {
      metadata: { name: 'ss' },
      spec: {
        serviceName: 'test',
        replicas: 1,
        selector: { matchLabels: { app: 'ss' } },
        template: {
          metadata: { labels: { app: 'ss' } },
          spec: { ...spec, containers: spec?.containers ?? [] },
        },
      },
    });
    let first: string | undefined;
    let failed = false;
    const path = `${space.path('pods')}${SELECTED}&resourceVersion=${metadata.resourceVersion}`;
    for await (const { type, object } of stage.api.watch<Pod>(path)) {
      if (type === 'ADDED' && !first) first = object.metadata?.uid;
      failed ||= object.status?.phase === 'Failed';
      if (type === 'DELETED' && object.metadata?.uid === first) break;
    }
    expect(failed).toBe(true);
    await space.remove('pods', 'occupant');
    await space.until('pods', 'ss-0', (pod) => pod.metadata.uid !== first && isReady(pod), 90);
  });
}
