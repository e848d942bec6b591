import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Pod } from 'kubernetes-types/core/v1';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type JoinedAgent, joinAgent, killAgent, removeLeftovers } from './support/agents';
import { openApi } from './support/api';
import { deployment, helloContainer, service } from './support/manifests';
import { type InNamespace, newNamespace } from './support/namespace';
import {
  eventually,
  type KubernetesObject,
  removeDirectory,
  startWheelhouse,
  type Wheelhouse,
} from './support/wheelhouse';

const isReady = ({ status, metadata }: Pod) =>
  !metadata?.deletionTimestamp &&
  (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True');

/** Leaves nodes that do not answer at once, where by default it takes five minutes. */
const impatient = ['not-ready', 'unreachable'].map((name) => ({
  key: `node.kubernetes.io/${name}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 1,
}));

/** Notes each start on its volume, then serves. */
const noting =
  'require("fs").appendFileSync("/data/starts", require("os").hostname() + "\\n"); import("/app/hello.mjs")';

/** One pod a node, each with its name below a headless service. */
function statefulSet(name: string, replicas: number, spec: { container?: object; set?: object } = {}) {
  const labels = { app: name };
  const apart = { labelSelector: { matchLabels: labels }, topologyKey: 'kubernetes.io/hostname' };
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: {
      serviceName: name,
      replicas,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 1,
          tolerations: impatient,
          affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } },
          containers: [{ ...helloContainer, ...spec.container }],
        },
      },
      ...spec.set,
    },
  };
}

const claims = {
  volumeClaimTemplates: [
    {
      metadata: { name: 'data' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
    },
  ],
};
const keepingData = {
  container: { command: ['node', '-e', noting], volumeMounts: [{ name: 'data', mountPath: '/data' }] },
  set: claims,
};

/** Nodes that are emptied, that join and that are lost, one thing after the other. */
describe('nodes that come and go, on Docker', { timeout: 400_000 }, () => {
  let cluster: Wheelhouse;
  const joined: JoinedAgent[] = [];
  beforeAll(async () => {
    const args = ['--nodes', '3', '--no-demo', '--runtime', 'docker', '--node-monitor-grace', '12'];
    cluster = await startWheelhouse({ args });
  });
  afterAll(async () => {
    for (const agent of joined) await agent.stop();
    await cluster?.stop();
    removeLeftovers(cluster);
    await removeDirectory(cluster.dataDir);
  });

  const podsOf = async (space: InNamespace, app: string): Promise<(KubernetesObject & Pod)[]> =>
    (await space.get<{ items: (KubernetesObject & Pod)[] }>('pods', '-l', `app=${app}`)).items;
  const untilReady = (space: InNamespace, app: string, count: number, seconds = 90) =>
    eventually(
      `${count} ready pods of ${app}`,
      async () => {
        const pods = await podsOf(space, app);
        return pods.length === count && pods.every(isReady) ? pods : undefined;
      },
      seconds,
    );

  it('a drain moves pods no faster than their disruption budget allows', async () => {
    const space = await newNamespace(cluster, 'drained');
    const node = 'node-2';
    await space.kubectl('cordon', 'node-1', 'node-3');
    await space.apply(deployment('web', 3), {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { minAvailable: 2, selector: { matchLabels: { app: 'web' } } },
    });
    const pods = await untilReady(space, 'web', 3);
    expect(new Set(pods.map(({ spec }) => spec.nodeName))).toEqual(new Set([node]));
    await space.kubectl('uncordon', 'node-1', 'node-3');
    await eventually('the budget allows one', async () => {
      const { status } = await space.get('pdb', 'web');
      return status.disruptionsAllowed === 1 ? true : undefined;
    });
    expect(await space.kubectl('describe', 'pdb', 'web')).toMatch(
      /Min available:\s+2\nSelector:\s+app=web\nStatus:\n\s+Allowed disruptions:\s+1\n\s+Current:\s+3\n\s+Desired:\s+2\n\s+Total:\s+3/,
    );

    const api = await openApi(cluster.dataDir);
    const abort = new AbortController();
    const counts: number[] = [];
    const ready = new Map(pods.map((pod) => [pod.metadata.uid, isReady(pod)]));
    const { metadata } = await space.get<{ metadata: { resourceVersion: string } }>('pods');
    const watching = (async () => {
      const { resourceVersion } = metadata;
      const options = { namespace: space.name, resourceVersion, signal: abort.signal };
      for await (const { type, object } of api.client.watch(podKind, options)) {
        ready.set(object.metadata.uid, type !== 'DELETED' && isReady(object));
        counts.push([...ready.values()].filter(Boolean).length);
      }
    })().catch((error: unknown) => {
      if (!abort.signal.aborted) throw error;
    });
    const said = await space.kubectl('drain', node, '--ignore-daemonsets', '--timeout=150s');
    expect(said).toContain(`node/${node} drained`);
    const moved = await untilReady(space, 'web', 3);
    abort.abort();
    await watching;
    await api.close();
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(2);
    expect(moved.some(({ spec }) => spec.nodeName === node)).toBe(false);
    expect(await space.kubectl('describe', 'node', node)).toMatch(
      /Taints:\s+node.kubernetes.io\/unschedulable:NoSchedule\nUnschedulable:\s+true/,
    );
    await space.kubectl('uncordon', node);
    await space.kubectl('delete', 'namespace', space.name);
  });

  it('a daemon set follows a node that joins, and is updated node by node', async () => {
    const space = await newNamespace(cluster, 'daemons');
    const { kubectl } = space;
    const { spec } = deployment('log', 0);
    await space.apply({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'log' },
      spec: { selector: spec.selector, template: spec.template },
    });
    expect(await kubectl('rollout', 'status', 'daemonset/log', '--timeout=90s')).toContain(
      'daemon set "log" successfully rolled out',
    );
    const agent = joinAgent(cluster, 'node-4', '127.0.1.44');
    joined.push(agent);
    const pods = await untilReady(space, 'log', 4);
    expect(pods.map(({ spec: { nodeName } }) => nodeName).sort()).toEqual([
      'node-1',
      'node-2',
      'node-3',
      'node-4',
    ]);
    await kubectl('set', 'env', 'daemonset/log', 'VERSION=2');
    expect(await kubectl('rollout', 'status', 'daemonset/log', '--timeout=150s')).toMatch(
      /\d out of 4 new pods have been updated[\s\S]*successfully rolled out/,
    );
    expect(await kubectl('rollout', 'history', 'daemonset/log')).toMatch(/\n1\s+<none>\n2\s+<none>\n/);
    const described = await kubectl('describe', 'daemonset', 'log');
    expect(described).toMatch(/Desired Number of Nodes Scheduled: 4\nCurrent Number of Nodes Scheduled: 4/);
    expect(described).toMatch(/Number of Nodes Scheduled with Up-to-date Pods: 4/);
    expect(described).toMatch(/SuccessfulCreate\s+.*daemonset-controller\s+Created pod: log-/);
    // Gone for good: its pod goes with it.
    await agent.stop();
    joined.length = 0;
    await kubectl('delete', 'node', 'node-4');
    await untilReady(space, 'log', 3);
    await kubectl('delete', 'namespace', space.name);
  });

  it('a stateful set keeps names, addresses in DNS, claims and data through the loss of a node', async () => {
    const space = await newNamespace(cluster, 'kept');
    const { kubectl } = space;
    // `db` has its data on the nodes; `web` has none and may move.
    await space.apply(
      service('db', { clusterIP: 'None' }),
      service('web', { clusterIP: 'None' }),
      statefulSet('db', 3, keepingData),
      statefulSet('web', 2),
    );
    const [databases, webs] = await Promise.all([untilReady(space, 'db', 3), untilReady(space, 'web', 2)]);
    const webLost = webs[0];
    const lost = webLost?.spec.nodeName ?? '';
    const dbLost = databases.find((pod) => pod.spec.nodeName === lost);
    const db = dbLost?.metadata.name ?? '';
    const web = webLost?.metadata.name ?? '';
    const volumeOf = () => kubectl('get', 'pvc', `data-${db}`, '-o', 'jsonpath={.spec.volumeName}');
    const volume = await volumeOf();

    killAgent(cluster, lost);
    // A node that only does not answer may still run its pods: their names are not given away.
    const terminating = (name: string) =>
      eventually(
        `${name} is to go`,
        async () => {
          const pod = await space.get('pod', name);
          return pod.metadata.deletionTimestamp ? pod : undefined;
        },
        120,
      );
    const [dbGoing, webGoing] = await Promise.all([terminating(db), terminating(web)]);
    expect([dbGoing.metadata.uid, webGoing.metadata.uid]).toEqual([
      dbLost?.metadata.uid,
      webLost?.metadata.uid,
    ]);

    // Somebody who knows says that it is off: what can move does, and what has its data there waits for it.
    await kubectl('taint', 'node', lost, 'node.kubernetes.io/out-of-service=nodeshutdown:NoExecute');
    const [elsewhere] = (await untilReady(space, 'web', 2)).filter(({ metadata }) => metadata.name === web);
    expect(elsewhere?.metadata.uid).not.toBe(webLost?.metadata.uid);
    expect(elsewhere?.spec).toMatchObject({ hostname: web, subdomain: 'web' });
    expect(elsewhere?.spec.nodeName).not.toBe(lost);
    const waiting = await eventually(`${db} waits`, async () => {
      const pod = await space.get('pod', db);
      return pod.metadata.uid !== dbLost?.metadata.uid && pod.status.phase === 'Pending' ? pod : undefined;
    });
    expect(waiting.spec.nodeName).toBeUndefined();
    await eventually('its event says why', async () =>
      /FailedScheduling.*(volume node affinity conflict|unreachable|out-of-service)/.test(
        await kubectl('describe', 'pod', db),
      )
        ? true
        : undefined,
    );

    // The machine is back.
    joined.push(joinAgent(cluster, lost, `127.0.1.${lost.slice(-1)}`));
    await kubectl('wait', '--for=condition=Ready', `node/${lost}`, '--timeout=60s');
    await kubectl('taint', 'node', lost, 'node.kubernetes.io/out-of-service-');
    const back = (await untilReady(space, 'db', 3)).find(({ metadata }) => metadata.name === db);
    expect(back?.spec.nodeName).toBe(lost);
    expect(await volumeOf()).toBe(volume);
    const starts = await kubectl('exec', db, '--', 'node', '-p', 'fs.readFileSync("/data/starts", "utf8")');
    expect(starts.trim().split('\n')).toEqual([db, db]);
    const peer = databases.find(({ metadata }) => metadata.name !== db)?.metadata.name ?? '';
    for (const [name, pod] of [
      [`${db}.db`, back],
      [`${web}.web`, elsewhere],
    ] as const) {
      await eventually(`${name} has its new address`, async () => {
        const lookup = `require("dns").lookup("${name}", (error, address) => console.log(address))`;
        const address = await kubectl('exec', peer, '--', 'node', '-e', lookup);
        return address.trim() === pod?.status.podIP ? true : undefined;
      });
    }
    expect(await kubectl('describe', 'statefulset', 'db')).toMatch(
      /Replicas:\s+3 desired \| 3 total[\s\S]*Pods Status:\s+3 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed/,
    );
  });
});
