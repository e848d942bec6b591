import type { Page } from '@playwright/test';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBrowser, openConsole, takeHandle } from './support/browser';
import { helloContainer, list, replicationController } from './support/manifests';
import { eventually, removeDirectory, startWheelhouse, type Wheelhouse } from './support/wheelhouse';

const CARD = 'workload-replicationcontroller-default-web';

/** What the console foretells while a hand drags, and whether it comes true. */
describe('a drag with previews', () => {
  let cluster: Wheelhouse;
  let browser: Awaited<ReturnType<typeof openBrowser>>;
  let page: Page;
  /** A fifth of a node. */
  let cpu: string;

  beforeAll(async () => {
    cluster = await startWheelhouse({ args: ['--nodes', '3', '--no-demo', '--runtime', 'simulated'] });
    const { items } = await cluster.get('nodes');
    const [first] = items.map(({ status }) => (status.allocatable as { cpu: string }).cpu);
    cpu = `${Math.floor((Number(first) * 1_000) / 5)}m`;
    // One node has less room than the others, so that places differ.
    const hog = withCpu('hog', 2);
    Object.assign(hog.spec.template.spec, { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } });
    await cluster.apply(list(withCpu('web', 2), hog));
    await eventually('all of them on nodes', async () =>
      (await nodesOf('web')).length === 2 && (await nodesOf('hog')).length === 2 ? true : undefined,
    );
    browser = await openBrowser();
    page = await openConsole(browser, await cluster.consoleUrl());
    await page.getByTestId(CARD).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.stop();
    await removeDirectory(cluster.dataDir);
  });

  function withCpu(name: string, replicas: number) {
    const controller = replicationController(name, replicas);
    const container = { ...helloContainer, resources: { requests: { cpu, memory: '16Mi' } } };
    controller.spec.template.spec.containers = [container];
    return controller;
  }
  /** The nodes of an application's pods, one entry a pod, sorted. */
  const nodesOf = async (app: string) => {
    const { items } = await cluster.get('pods', '-l', `app=${app}`);
    return items.flatMap(({ spec }) => (spec.nodeName ? [String(spec.nodeName)] : [])).sort();
  };
  /** The nodes on which ghosts stand, one entry a ghost, sorted. */
  const ghosts = async () => {
    const found = await page
      .locator('[data-testid="ghost-pod"]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-node') ?? 'no node'));
    return found.sort();
  };
  const ghostsBe = (count: number) =>
    eventually(`${count} ghosts`, async () => {
      const found = await ghosts();
      return found.length === count ? found : undefined;
    });
  const desired = async () => (await cluster.get('rc', 'web')).spec.replicas;

  it('shows ghosts where the pods would go; Escape puts everything back', async () => {
    const hold = await takeHandle(page, CARD);
    await hold.pullTo(6);
    const foretold = await ghostsBe(4);
    expect(new Set(foretold)).not.toContain('no node');
    await page.keyboard.press('Escape');
    await ghostsBe(0);
    expect(await hold.shown()).toBe(2);
    await hold.letGo();
    expect(await ghosts()).toEqual([]);
    expect(await desired()).toBe(2);
    expect(await nodesOf('web')).toHaveLength(2);
  });

  it('stops softly at the maximum, with the reason beside it', async () => {
    const hold = await takeHandle(page, CARD);
    // Two nodes with room for five each, one for three: twelve or thirteen, but for what else runs there.
    const room = await eventually('a limit', async () => {
      await hold.pull(24);
      const limit = page.getByTestId('limit');
      return (await limit.isVisible()) ? limit.innerText() : undefined;
    });
    expect(room).toMatch(/Beyond that, CPU is the limit on .*node/);
    for (let step = 0; step < 20; step++) await hold.pull(24);
    const most = await eventually('a count that no longer grows', async () => {
      const before = await hold.shown();
      await hold.pull(24);
      await ghostsBe(before - 2);
      return (await hold.shown()) === before ? before : undefined;
    });
    expect(most).toBe(13);
    await page.keyboard.press('Escape');
    await hold.letGo();
    expect(await desired()).toBe(2);
  });

  it('tells the truth: after letting go, the new pods stand where their ghosts stood', async () => {
    const before = await nodesOf('web');
    const hold = await takeHandle(page, CARD);
    await hold.pullTo(9);
    const foretold = await ghostsBe(7);
    await hold.letGo();
    const after = await eventually('nine pods on nodes', async () => {
      const nodes = await nodesOf('web');
      return nodes.length === 9 ? nodes : undefined;
    });
    expect(after).toEqual([...before, ...foretold].sort());
    await ghostsBe(0);
  });
});
