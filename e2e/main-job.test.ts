import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAgent } from './support/agents';
import { dragTo, openBrowser, openConsole } from './support/browser';
import { list, replicationController, service } from './support/manifests';
import { answersOf, keepAsking, whoAnswers } from './support/traffic';
import {
  eventually,
  type KubernetesObject,
  removeDirectory,
  startWheelhouse,
  type Wheelhouse,
} from './support/wheelhouse';

/** A user's first evening, on real containers, with kubectl and a browser. */
describe('the main job, on Docker', () => {
  const docker = new Docker();
  let cluster: Wheelhouse;

  beforeAll(async () => {
    cluster = await startWheelhouse();
  });
  afterAll(async () => {
    await cluster?.stop();
    const left = await docker.listContainers({
      filters: { label: [`dev.wheelhouse.cluster=${await clusterId()}`] },
    });
    await removeDirectory(cluster.dataDir);
    expect(left, 'containers after Ctrl-C').toEqual([]);
  });

  const clusterId = async () =>
    JSON.parse(await readFile(join(cluster.dataDir, 'cluster.json'), 'utf8')).clusterId;
  const readyPods = async (app: string, count: number) =>
    eventually(`${count} ready pods of ${app}`, async () => {
      const { items } = await cluster.get('pods', '-l', `app=${app}`);
      const ready = items.filter(isReady);
      return items.length === count && ready.length === count ? ready : undefined;
    });
  const serviceUrl = async (name: string) => {
    const { spec } = await cluster.get<{ spec: { clusterIP: string } }>('service', name);
    return `http://${spec.clusterIP}/`;
  };
  /** Running containers of the app's pods, as Docker tells. */
  const containersOf = async (pods: readonly KubernetesObject[]) => {
    const uids = new Set(pods.map((pod) => pod.metadata.uid));
    const running = await docker.listContainers({ filters: { status: ['running'] } });
    return running.filter(
      ({ Labels }) =>
        uids.has(Labels['io.kubernetes.pod.uid'] ?? '') && Labels['io.kubernetes.container.name'] === 'web',
    );
  };

  it('has the sample application, each replica answering through the service', async () => {
    const pods = await readyPods('hello', 3);
    const answers = await answersOf(await serviceUrl('hello'), 6);
    expect(new Set(answers)).toEqual(new Set(pods.map((pod) => pod.metadata.name)));
    const { spec } = await cluster.get<{ spec: { ports: { nodePort: number }[] } }>('service', 'hello');
    expect(new Set(await answersOf(`http://127.0.0.1:${spec.ports[0]?.nodePort}/`, 6)).size).toBe(3);
  });

  it('runs a replication controller of 3 behind a service that takes turns', async () => {
    await cluster.apply(list(replicationController('web', 3), service('web')));
    const pods = await readyPods('web', 3);
    const url = await serviceUrl('web');
    await eventually('all three in the service', async () =>
      new Set(await answersOf(url, 3)).size === 3 ? true : undefined,
    );
    const answers = await answersOf(url, 9);
    for (const pod of pods) expect(answers.filter((name) => name === pod.metadata.name)).toHaveLength(3);
  });

  it('scales to 8 by a drag in the browser, and every container answers', async () => {
    const browser = await openBrowser();
    try {
      const page = await openConsole(browser, await cluster.consoleUrl(), 'Workloads');
      const card = page.getByTestId('workload-replicationcontroller-default-web');
      await card.waitFor();
      await dragTo(page, 'workload-replicationcontroller-default-web', 8);
      const pods = await readyPods('web', 8);
      expect(await containersOf(pods)).toHaveLength(8);
      for (const pod of pods) {
        await card.locator(`[data-testid="pod-${pod.metadata.name}"][data-phase="Running"]`).waitFor();
      }
      const url = await serviceUrl('web');
      await eventually('all eight in the service', async () =>
        new Set(await answersOf(url, 8)).size === 8 ? true : undefined,
      );

      const entry = await eventually('the audit entry', async () => {
        const query =
          '/apis/audit.wheelhouse.dev/v1/entries?resource=replicationcontrollers&name=web&user=admin&limit=5';
        const { items } = JSON.parse(await cluster.kubectl('get', '--raw', query));
        return items.find((item: { summary?: string }) => item.summary?.includes('3 → 8'));
      });
      expect(entry.user.name).toBe('admin');
      await page.getByRole('link', { name: 'History' }).first().click();
      await page
        .getByText(/from 3 to 8|3 → 8/)
        .first()
        .waitFor();
    } finally {
      await browser.close();
    }
  });

  it('replaces a killed container, and no new request fails', async () => {
    const pods = await readyPods('web', 8);
    const [victim] = await containersOf(pods);
    const load = keepAsking(await serviceUrl('web'));
    await docker.getContainer(victim?.Id ?? '').kill();
    await eventually('the replacement', async () => {
      const running = await containersOf(await readyPods('web', 8));
      return running.length === 8 && !running.some(({ Id }) => Id === victim?.Id) ? true : undefined;
    });
    const { answered, failures } = await load.stop();
    // The proxy passes over the dead one; only a request that it was answering when it was killed can be lost.
    expect(failures.length, JSON.stringify(failures)).toBeLessThanOrEqual(1);
    expect(answered).toBeGreaterThan(10);
  });

  it('survives kill -9 of the server with its containers untouched', async () => {
    const before = (await containersOf(await readyPods('web', 8))).map(({ Id }) => Id).sort();
    await cluster.kill();
    cluster = await startWheelhouse({ dataDir: cluster.dataDir });
    const after = (await containersOf(await readyPods('web', 8))).map(({ Id }) => Id).sort();
    expect(after).toEqual(before);
    const url = await serviceUrl('web');
    await eventually('the service answers again', async () =>
      new Set(await answersOf(url, 8)).size === 8 ? true : undefined,
    );
  });

  it('replaces the pods of a node whose agent is gone', async () => {
    const pods = await readyPods('web', 8);
    const lost = 'node-3';
    expect(pods.some((pod) => pod.spec.nodeName === lost)).toBe(true);
    killAgent(cluster, lost);
    await eventually(
      `${lost} is NotReady`,
      async () => (isReady(await cluster.get('node', lost)) ? undefined : true),
      90,
    );
    await eventually(
      '8 ready pods on the other nodes',
      async () => {
        const { items } = await cluster.get('pods', '-l', 'app=web');
        return items.filter((pod) => isReady(pod) && pod.spec.nodeName !== lost).length === 8
          ? true
          : undefined;
      },
      150,
    );
    expect(await whoAnswers(await serviceUrl('web'))).toMatch(/^web-/);
  });
});

function isReady(object: KubernetesObject): boolean {
  const conditions = (object.status.conditions ?? []) as { type: string; status: string }[];
  return conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
}
