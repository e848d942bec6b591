import { randomUUID } from 'node:crypto';
import { it } from 'vitest';
import { removeDirectory, startWheelhouse } from '../../support/wheelhouse';
import { type Api, openAdminApi } from './api';
import { type Images, makeImages } from './images';
import { type Pods, podsOf, Space } from './space';

/** The running cluster that all areas share. */
export interface Cluster {
  readonly dataDir: string;
  readonly api: Api;
  readonly images: Images;
  /** Kinds without a namespace. */
  readonly wide: Space;
  stop(): Promise<void>;
}

/** What one test gets: a namespace of its own, and the makers of its pods. */
export interface Stage {
  readonly cluster: Cluster;
  readonly api: Api;
  readonly wide: Space;
  readonly space: Space & { readonly name: string };
  readonly pods: Pods;
  /** A name that no other test uses, for objects without a namespace. */
  readonly unique: string;
  /** Runs after the test, whatever became of it. */
  cleanUp(action: () => Promise<unknown>): void;
}

/** Three nodes on Docker; or the cluster that runs on the directory of `CONFORMANCE_DATA_DIR`, left as it is. */
export async function startCluster(): Promise<Cluster> {
  const given = process.env.CONFORMANCE_DATA_DIR;
  const images = await makeImages(randomUUID().slice(0, 8));
  const wheelhouse = given
    ? undefined
    : await startWheelhouse({ args: ['--nodes', '3', '--no-demo', '--runtime', 'docker'] });
  const dataDir = given ?? wheelhouse?.dataDir ?? '';
  const api = await openAdminApi(dataDir);
  return {
    dataDir,
    api,
    images,
    wide: new Space(api, undefined),
    stop: async () => {
      await api.close();
      await wheelhouse?.stop();
      if (wheelhouse) await removeDirectory(dataDir);
      await images.remove();
    },
  };
}

/** The cluster of this file, once it runs. */
let running: Cluster | undefined;
export const useCluster = (cluster: Cluster): void => {
  running = cluster;
};

/** Gives a test its stage and takes it down afterwards; the namespace goes in the background. */
export async function onStage(test: (stage: Stage) => Promise<void>): Promise<void> {
  if (!running) throw new Error('the cluster is not running');
  const cluster = running;
  const { api, wide, images } = cluster;
  const name = `test-${randomUUID().slice(0, 8)}`;
  const actions: (() => Promise<unknown>)[] = [];
  await wide.create('namespaces', { metadata: { name } });
  try {
    await test({
      cluster,
      api,
      wide,
      space: Object.assign(new Space(api, name), { name }),
      pods: podsOf(images),
      unique: name,
      cleanUp: (action) => {
        actions.push(action);
      },
    });
  } finally {
    // What is gone already needs no cleaning.
    for (const action of actions.reverse()) await action().catch(() => undefined);
    await wide.remove('namespaces', name).catch(() => undefined);
  }
}

/** A test of the public conformance suite's list, under its name there. */
export const conformance = (name: string, test: (stage: Stage) => Promise<void>, seconds = 120): void => {
  it(name, () => onStage(test), seconds * 1000);
};

/** The same for several names whose test is one function of a parameter. */
export function conformances<T>(
  cases: Record<string, T>,
  test: (stage: Stage, parameter: T) => Promise<void>,
): void {
  for (const [name, parameter] of Object.entries(cases)) conformance(name, (stage) => test(stage, parameter));
}
