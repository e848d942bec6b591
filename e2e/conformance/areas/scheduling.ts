import type { Container, LimitRange, Pod, ResourceRequirements } from 'kubernetes-types/core/v1';
import { expect } from 'vitest';
import { Refusal } from '../support/api';
import { isReady, Space } from '../support/space';
import { conformance, type Stage } from '../support/suite';

const refused = (code: number) => (error: unknown) => {
  expect(error).toBeInstanceOf(Refusal);
  expect((error as Refusal).code).toBe(code);
};

const resourcesOf = (pod: Pod): ResourceRequirements | undefined => pod.spec?.containers[0]?.resources;

/** LimitRange and PriorityClass: they disturb nobody. */
export function scheduling(): void {
  conformance(
    '[sig-scheduling] LimitRange should create a LimitRange with defaults and ensure pod has those defaults applied. [Conformance]',
    async ({ space, pods }) => {
      const range: LimitRange = {
        metadata: { name: 'limits' },
        spec: {
          limits: [
            {
              type: 'Container',
              min: { cpu: '50m', memory: '100Mi', 'ephemeral-storage': '100Gi' },
              max: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
              default: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
              defaultRequest: { cpu: '100m', memory: '200Mi', 'ephemeral-storage': '200Gi' },
            },
          ],
        },
      };
      const created = await space.create('limitranges', range);
      expect(created.spec).toEqual(range.spec);
      expect((await space.get('limitranges', 'limits')).spec).toEqual(range.spec);

      const make = (name: string, resources: ResourceRequirements) =>
        space.create('pods', pods.idle(name, { container: { resources } }));
      const plain = await make('plain', {});
      expect(resourcesOf(plain)).toEqual({
        requests: range.spec?.limits[0]?.defaultRequest,
        limits: range.spec?.limits[0]?.default,
      });
      const partial = await make('partial', {
        requests: { cpu: '300m', memory: '100Mi', 'ephemeral-storage': '100Gi' },
        limits: { cpu: '300m' },
      });
      expect(resourcesOf(partial)).toEqual({
        requests: { cpu: '300m', memory: '100Mi', 'ephemeral-storage': '100Gi' },
        limits: { cpu: '300m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
      });
      await make('less', { requests: { cpu: '10m' }, limits: { cpu: '50m' } }).then(
        () => expect.fail('a pod below the minimum was let in'),
        refused(403),
      );
      await make('more', { requests: { cpu: '600m' }, limits: { cpu: '600m' } }).then(
        () => expect.fail('a pod above the maximum was let in'),
        refused(403),
      );

      const changed = await space.change('limitranges', 'limits', ({ spec }) => {
        const [limits] = spec?.limits ?? [];
        if (limits) limits.min = { cpu: '9m', memory: '100Mi', 'ephemeral-storage': '100Gi' };
      });
      expect(changed.spec?.limits[0]?.min?.cpu).toBe('9m');
      await make('less', { requests: { cpu: '10m' } });
      await make('more', { requests: { cpu: '600m' }, limits: { cpu: '600m' } }).then(
        () => expect.fail('a pod above the maximum was let in'),
        refused(403),
      );

      await space.remove('limitranges', 'limits');
      await space.untilGone('limitranges', 'limits');
      const free = await make('more', { requests: { cpu: '600m' }, limits: { cpu: '600m' } });
      expect(resourcesOf(free)).toEqual({ requests: { cpu: '600m' }, limits: { cpu: '600m' } });
    },
  );

  conformance(
    '[sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods [Conformance]',
    async ({ api, wide, unique, cleanUp }) => {
      const names = [`${unique}-p1`, `${unique}-p2`] as const;
      const labels = { 'made-by': unique };
      const chosen = `?labelSelector=made-by%3D${unique}`;
      cleanUp(() => wide.removeAll('priorityclasses', chosen));
      for (const [index, name] of names.entries()) {
        const made = await wide.create('priorityclasses', { metadata: { name, labels }, value: index + 1 });
        expect(made).toMatchObject({ value: index + 1, preemptionPolicy: 'PreemptLowerPriority' });
      }
      expect((await wide.list('priorityclasses', chosen)).map(({ value }) => value).sort()).toEqual([1, 2]);
      const [first, second] = names;
      const patched = await wide.patch('priorityclasses', first, { description: 'patched' });
      expect(patched).toMatchObject({ description: 'patched', value: 1 });
      const updated = await wide.change('priorityclasses', second, (object) => {
        object.description = 'updated';
      });
      expect(updated).toMatchObject({ description: 'updated', value: 2 });
      for (const name of names) {
        const object = await wide.get('priorityclasses', name);
        const send = api.json(wide.path('priorityclasses', name), {
          method: 'PUT',
          body: { ...object, value: object.value * 10 },
        });
        await send.then(() => expect.fail('the value of a class was changed'), refused(422));
        const patch = wide.patch('priorityclasses', name, { value: object.value * 10 });
        await patch.then(() => expect.fail('the value of a class was changed'), refused(422));
      }
      await wide.remove('priorityclasses', first);
      await wide.untilGone('priorityclasses', first);
      await wide.removeAll('priorityclasses', chosen);
      await wide.untilGone('priorityclasses', second);
    },
  );
}

const scheduledTo = (pod: Pod): string | undefined => pod.spec?.nodeName;
const unschedulable = (pod: Pod): boolean =>
  (pod.status?.conditions ?? []).some(
    ({ type, status, reason }) => type === 'PodScheduled' && status === 'False' && reason === 'Unschedulable',
  );

/** A pod that only a node with the label takes. */
const on = (label: string) => ({ nodeSelector: { [label]: 'yes' } });

/** Labels a node for the time of the test. */
async function mark({ wide, cleanUp }: Stage, node: string, label: string): Promise<void> {
  cleanUp(() => wide.patch('nodes', node, { metadata: { labels: { [label]: null } } }));
  await wide.patch('nodes', node, { metadata: { labels: { [label]: 'yes' } } });
}

/** The name of a node that takes pods. */
async function anyNode({ space, pods }: Stage): Promise<string> {
  const pod = await space.start(pods.idle('scout'));
  await space.remove('pods', 'scout');
  await space.untilGone('pods', 'scout');
  return scheduledTo(pod) ?? '';
}

/** A resource that nodes have for the time of the test, so much each; resolves once they offer it to pods. */
async function offer(stage: Stage, amount: number): Promise<{ resource: string; nodes: string[] }> {
  const { wide, unique, cleanUp } = stage;
  const resource = `example.com/${unique}`;
  const nodes = (await wide.list('nodes')).map(({ metadata }) => metadata.name);
  for (const node of nodes) {
    const capacity = (value: string | null) =>
      wide.patch('nodes', node, { status: { capacity: { [resource]: value } } }, { sub: 'status' });
    cleanUp(() => capacity(null));
    await capacity(String(amount));
  }
  // A kubelet offers what others say that its node has.
  for (const node of nodes) {
    await wide.until('nodes', node, ({ status }) => status?.allocatable?.[resource] !== undefined);
  }
  return { resource, nodes };
}

const asking = (resource: string, amount: number): Partial<Container> => ({
  resources: { requests: { [resource]: String(amount) }, limits: { [resource]: String(amount) } },
});

/** A priority class for the time of the test. */
async function priority({ wide, unique, cleanUp }: Stage, value: number): Promise<string> {
  const name = `${unique}-${value}`;
  cleanUp(() => wide.remove('priorityclasses', name));
  await wide.create('priorityclasses', { metadata: { name }, value });
  return name;
}

/** Fills each node with pods of which one is less important; answers that one. */
async function fillNodes(stage: Stage, resource: string, nodes: readonly string[]): Promise<string> {
  const { space, pods } = stage;
  const [low, medium] = [await priority(stage, 1), await priority(stage, 100)];
  const names = nodes.flatMap((node) => [`${node}-a`, `${node}-b`]);
  const victim = names[0] ?? '';
  for (const name of names) {
    const priorityClassName = name === victim ? low : medium;
    await space.create(
      'pods',
      pods.idle(name, { container: asking(resource, 2), spec: { priorityClassName } }),
    );
  }
  for (const name of names) await space.until('pods', name, isReady);
  return victim;
}

async function onlyTheVictimWent({ space }: Stage, victim: string, count: number): Promise<void> {
  const left = await space.untilList('pods', '', (items) =>
    items.every(({ metadata }) => metadata.name !== victim),
  );
  const others = left.filter(({ metadata }) => metadata.name !== 'preemptor');
  expect(others).toHaveLength(count);
  for (const { metadata } of others) expect(metadata.deletionTimestamp, metadata.name).toBeUndefined();
}

/** Predicates and preemption: they fill nodes, so one runs after the other. */
export function schedulingOneByOne(): void {
  conformance(
    '[sig-scheduling] SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run [Conformance]',
    async (stage) => {
      const { wide, space, pods, unique } = stage;
      const nodes = await wide.list('nodes');
      // What is left of other tests is on its way out: it must not count as taken.
      const running = await wide.untilList('pods', '', (items) =>
        items.every(({ metadata }) => !metadata.namespace?.startsWith('test-')),
      );
      const milli = (text = '0') => (text.endsWith('m') ? Number(text.slice(0, -1)) : Number(text) * 1000);
      let largest = 0;
      for (const { metadata, status } of nodes) {
        await mark(stage, metadata.name, unique);
        const used = running
          .filter((pod) => scheduledTo(pod) === metadata.name)
          .flatMap(({ spec }) => spec?.containers ?? [])
          .reduce((sum, { resources }) => sum + milli(resources?.requests?.cpu), 0);
        const free = milli(status?.allocatable?.cpu) - used;
        largest = Math.max(largest, free);
        const requests = { cpu: `${Math.floor(free * 0.7)}m` };
        await space.create(
          'pods',
          pods.idle(`filler-${metadata.name}`, {
            container: { resources: { requests, limits: requests } },
            spec: {
              affinity: {
                nodeAffinity: {
                  requiredDuringSchedulingIgnoredDuringExecution: {
                    nodeSelectorTerms: [
                      { matchFields: [{ key: 'metadata.name', operator: 'In', values: [metadata.name] }] },
                    ],
                  },
                },
              },
            },
          }),
        );
      }
      for (const { metadata } of nodes) {
        const filler = await space.until('pods', `filler-${metadata.name}`, isReady);
        expect(scheduledTo(filler)).toBe(metadata.name);
      }
      const requests = { cpu: `${Math.floor(largest / 2)}m` };
      await space.create(
        'pods',
        pods.idle('additional', {
          container: { resources: { requests, limits: requests } },
          spec: on(unique),
        }),
      );
      const waiting = await space.until('pods', 'additional', unschedulable);
      const condition = waiting.status?.conditions?.find(({ type }) => type === 'PodScheduled');
      expect(condition?.message).toContain(`${nodes.length} Insufficient cpu`);
    },
  );

  conformance(
    '[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching [Conformance]',
    async ({ space, pods, unique }) => {
      await space.create('pods', pods.idle('restricted', { spec: on(unique) }));
      await space.until('pods', 'restricted', unschedulable);
      const events = await space.untilList(
        'events',
        '?fieldSelector=involvedObject.name%3Drestricted%2Creason%3DFailedScheduling',
        (items) => items.length > 0,
      );
      expect(events[0]?.message).toContain("didn't match Pod's node affinity/selector");
    },
  );

  conformance(
    '[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if matching [Conformance]',
    async (stage) => {
      const { space, pods, unique } = stage;
      const node = await anyNode(stage);
      await mark(stage, node, unique);
      const pod = await space.start(pods.idle('with-labels', { spec: on(unique) }));
      expect(scheduledTo(pod)).toBe(node);
    },
  );

  conformance(
    '[sig-scheduling] SchedulerPredicates [Serial] validates that there is no conflict between pods with same hostPort but different hostIP and protocol [Conformance]',
    async (stage) => {
      const { wide, space, pods, unique } = stage;
      const node = await anyNode(stage);
      await mark(stage, node, unique);
      const { status } = await wide.get('nodes', node);
      const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
      // Ports of the test's own: nodes of one host share its addresses.
      const hostPort = 54_321;
      const holds = (name: string, hostIP: string, protocol: string) =>
        space.start(
          pods.idle(name, {
            container: { ports: [{ containerPort: 8080, hostPort, hostIP, protocol }] },
            spec: on(unique),
          }),
        );
      const started = [
        await holds('pod1', '127.0.0.1', 'TCP'),
        await holds('pod2', address, 'TCP'),
        await holds('pod3', address, 'UDP'),
      ];
      expect(started.map(scheduledTo)).toEqual([node, node, node]);
    },
  );

  conformance(
    '[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP [Conformance]',
    async (stage) => {
      const { wide, space, pods, unique } = stage;
      const node = await anyNode(stage);
      await mark(stage, node, unique);
      const { status } = await wide.get('nodes', node);
      const address = status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '';
      const holds = (name: string, hostIP: string) =>
        pods.idle(name, {
          container: { ports: [{ containerPort: 8080, hostPort: 54_322, hostIP, protocol: 'TCP' }] },
          spec: on(unique),
        });
      const first = await space.start(holds('pod4', '0.0.0.0'));
      expect(scheduledTo(first)).toBe(node);
      await space.create('pods', holds('pod5', address));
      const second = await space.until('pods', 'pod5', unschedulable);
      expect(second.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.message).toContain(
        "didn't have free ports for the requested pod ports",
      );
    },
  );

  conformance(
    '[sig-scheduling] SchedulerPreemption [Serial] validates basic preemption works [Conformance]',
    async (stage) => {
      const { space, pods } = stage;
      const { resource, nodes } = await offer(stage, 5);
      const victim = await fillNodes(stage, resource, nodes);
      const { spec } = await space.get('pods', victim);
      const priorityClassName = await priority(stage, 1_000);
      const preemptor = await space.start(
        pods.idle('preemptor', { container: asking(resource, 2), spec: { priorityClassName } }),
      );
      expect(scheduledTo(preemptor)).toBe(spec?.nodeName);
      await onlyTheVictimWent(stage, victim, nodes.length * 2 - 1);
    },
  );

  conformance(
    '[sig-scheduling] SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod [Conformance]',
    async (stage) => {
      const { space, pods, unique, cleanUp, api } = stage;
      const { resource, nodes } = await offer(stage, 5);
      const victim = await fillNodes(stage, resource, nodes);
      const { spec } = await space.get('pods', victim);
      const kubeSystem = new Space(api, 'kube-system');
      const name = `critical-${unique}`;
      cleanUp(() => kubeSystem.remove('pods', name));
      const critical = await kubeSystem.start(
        pods.idle(name, {
          container: asking(resource, 2),
          spec: { priorityClassName: 'system-cluster-critical' },
        }),
      );
      expect(critical.spec?.priority).toBe(2_000_000_000);
      expect(scheduledTo(critical)).toBe(spec?.nodeName);
      await onlyTheVictimWent(stage, victim, nodes.length * 2 - 1);
    },
  );

  conformance(
    '[sig-scheduling] SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to verify preemption running path [Conformance]',
    async (stage) => {
      const { space, pods, unique } = stage;
      const { resource, nodes } = await offer(stage, 1_000);
      const [node = ''] = nodes;
      await mark(stage, node, unique);
      const seen = new Map<string, Set<string>>();
      const look = async () => {
        for (const { metadata } of await space.list('pods')) {
          const of = metadata.labels?.app ?? '';
          seen.set(of, (seen.get(of) ?? new Set()).add(metadata.uid));
        }
      };
      const run = async (name: string, value: number, amount: number) => {
        const priorityClassName = await priority(stage, value);
        const { spec } = pods.idle(name, {
          container: asking(resource, amount),
          spec: { ...on(unique), priorityClassName },
        });
        const labels = { app: name };
        await space.create('replicasets', {
          metadata: { name },
          spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
        });
        await space.until('replicasets', name, ({ status }) => status?.readyReplicas === 1);
        await look();
      };
      await run('rs-pod1', 1, 200);
      await run('rs-pod2', 2, 300);
      await run('rs-pod3', 3, 450);
      // 50 of 1,000 are left: the two least important have to go for it.
      await run('rs-pod4', 4, 500);
      await space.untilList('pods', '', (items) => items.length === 4);
      await look();
      expect([...seen].map(([name, uids]) => [name, uids.size])).toEqual([
        ['rs-pod1', 2],
        ['rs-pod2', 2],
        ['rs-pod3', 1],
        ['rs-pod4', 1],
      ]);
      for (const name of ['rs-pod1', 'rs-pod2']) {
        const [pod] = await space.list('pods', `?labelSelector=app%3D${name}`);
        await space.until('pods', pod?.metadata.name ?? '', unschedulable);
      }
    },
  );
}
