import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@wheelhouse/shared/client/client';
import { createHttpClient } from '@wheelhouse/shared/client/http-client';
import { isNotFound } from '@wheelhouse/shared/errors';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, PodSpec } from 'kubernetes-types/core/v1';
import pino from 'pino';
import { createApiServer } from '../../../../server/src/http/api-server';
import { openStore } from '../../../../server/src/store/open-store';
import type { ContainerRuntime } from '../../runtime/runtime';
import { type Kubelet, type KubeletOptions, startKubelet } from '../start-kubelet';

/** A real API server over a real store, reached over HTTP, with one kubelet on it. */
export interface TestCluster {
  readonly client: Client;
  readonly nodeName: string;
  readonly directory: string;
  kubelet: Kubelet;
  /** Starts the kubelet (again). */
  startKubelet(): Promise<void>;
  createPod(
    name: string,
    spec: Partial<PodSpec> & Pick<PodSpec, 'containers'>,
    labels?: Record<string, string>,
  ): Promise<Stored<Pod>>;
  pod(name: string): Promise<Stored<Pod>>;
  /** The first state of the pod, as the watch shows it, for which `condition` holds. */
  until(name: string, condition: (pod: Stored<Pod>) => boolean): Promise<Stored<Pod>>;
  untilGone(name: string): Promise<void>;
  events(name: string): Promise<string[]>;
  /** The kubelet's answer to a request of the server's. */
  ask(path: string): Promise<{ status: number; body: string }>;
  close(): Promise<void>;
}

export interface TestClusterOptions {
  readonly runtime: ContainerRuntime;
  readonly podCidr: string;
  readonly kubelet?: Partial<KubeletOptions>;
}

const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
const NAMESPACE = 'default';

export async function createTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  const directory = await mkdtemp(join(tmpdir(), 'wheelhouse-kubelet-'));
  const store = await openStore({ kind: 'embedded', directory: join(directory, 'store') }, log);
  const api = await createApiServer({
    store,
    kinds: allKinds,
    authenticator: { authenticate: () => undefined },
    authorizer: { authorize: () => ({ allowed: true }) },
    admission: [],
    serviceCidr: '10.96.0.0/16',
    log,
  });
  const server = createServer(
    (req, res) => void api.handle(req, res, { name: 'admin', groups: ['system:masters'] }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is never a string.
  const { port } = server.address() as AddressInfo;
  const client = createHttpClient({ baseUrl: `http://127.0.0.1:${port}`, fetch });
  for (const name of [NAMESPACE, 'kube-node-lease']) {
    await client.create(namespaceKind, { metadata: { name } }).catch(() => undefined);
  }
  const nodeName = `node-${randomUUID().slice(0, 8)}`;
  // What the range controller does.
  await client.create(nodeKind, {
    metadata: { name: nodeName },
    spec: { podCIDR: options.podCidr, podCIDRs: [options.podCidr] },
  });

  const start = () =>
    startKubelet({
      client,
      runtime: options.runtime,
      nodeName,
      nodeIp: '127.0.0.1',
      settings: { clusterDomain: 'cluster.local', dnsIp: undefined },
      dataDir: join(directory, 'node'),
      log,
      ...options.kubelet,
    });
  const cluster: TestCluster = {
    client,
    nodeName,
    directory,
    kubelet: await start(),
    async startKubelet() {
      cluster.kubelet = await start();
    },
    createPod: (name, spec, labels = {}) =>
      client.create(podKind, {
        metadata: { name, namespace: NAMESPACE, labels },
        spec: { nodeName, terminationGracePeriodSeconds: 5, ...spec },
      }),
    pod: (name) => client.get(podKind, { namespace: NAMESPACE, name }),
    async until(name, condition) {
      const abort = new AbortController();
      let last: Stored<Pod> | undefined;
      try {
        for await (const { object } of client.watch(podKind, {
          namespace: NAMESPACE,
          fieldSelector: `metadata.name=${name}`,
          signal: abort.signal,
        })) {
          last = object;
          if (condition(object)) return object;
        }
      } finally {
        abort.abort();
      }
      throw new Error(`the watch ended; last seen: ${JSON.stringify(last?.status)}`);
    },
    async untilGone(name) {
      const abort = new AbortController();
      try {
        const gone = () =>
          client.get(podKind, { namespace: NAMESPACE, name }).then(
            () => false,
            (error: unknown) => {
              if (isNotFound(error)) return true;
              throw error;
            },
          );
        if (await gone()) return;
        for await (const { type } of client.watch(podKind, {
          namespace: NAMESPACE,
          fieldSelector: `metadata.name=${name}`,
          signal: abort.signal,
        })) {
          if (type === 'DELETED' || (await gone())) return;
        }
      } finally {
        abort.abort();
      }
    },
    async events(name) {
      const { eventKind } = await import('@wheelhouse/shared/kinds/core/event');
      const { items } = await client.list(eventKind, { namespace: NAMESPACE });
      return items
        .filter(({ involvedObject }) => involvedObject.name === name)
        .map(({ reason, message }) => `${reason}: ${message}`);
    },
    async ask(path) {
      const front = createServer((req, res) => cluster.kubelet.handler(req, res));
      await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
      const address = front.address() as AddressInfo;
      try {
        const response = await fetch(`http://127.0.0.1:${address.port}${path}`);
        return { status: response.status, body: await response.text() };
      } finally {
        front.closeAllConnections();
        front.close();
      }
    },
    async close() {
      await cluster.kubelet.stop();
      for (const { sandboxes, containers } of await options.runtime.listPods()) {
        for (const { id } of containers) await options.runtime.removeContainer(id);
        for (const { id } of sandboxes) await options.runtime.removeSandbox(id);
      }
      await options.runtime.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await api.stop();
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return cluster;
}
