import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import { createEventRecorder } from '@wheelhouse/shared/client/event-recorder';
import type { Informer } from '@wheelhouse/shared/client/informer';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Service } from 'kubernetes-types/core/v1';
import type { Logger } from 'pino';
import type { ContainerRuntime } from '../runtime/runtime';
import { MountError } from './config-error';
import { createConfigSource } from './config-source';
import { readMachineFacts, readMachineLoad } from './node/node-facts';
import { NodeRegistrar } from './node/node-registrar';
import { computeNodeStatus, defaultCapacity } from './node/node-status';
import { ImagePuller } from './pods/image-puller';
import { PodAddresses } from './pods/pod-addresses';
import { errorText, type PodContext } from './pods/pod-context';
import { type NodeLabels, PodManager } from './pods/pod-manager';
import { credentialsFor } from './pods/registry-credentials';
import { createKubeletHandler, type KubeletHandler } from './server/kubelet-handler';
import { StatusWriter } from './status-writer';
import { PersistentVolumes } from './volumes/persistent-volumes';
import type { IssuedToken, TokenWish } from './volumes/token-keeper';
import { VolumeJanitor } from './volumes/volume-janitor';

export interface KubeletSettings {
  /** Address of the cluster's name server; undefined leaves the node's own in place. */
  readonly dnsIp?: string | undefined;
  readonly clusterDomain: string;
  /** Shown as kubeletVersion; default the level of the API that this kubelet speaks. */
  readonly version?: string;
  readonly maxPods?: number;
}

export interface KubeletOptions {
  /** With this node's own identity. */
  readonly client: Client;
  readonly runtime: ContainerRuntime;
  readonly nodeName: string;
  readonly nodeIp: string;
  readonly settings: KubeletSettings;
  /** This node's own directory; made when missing. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly clock?: Clock;
  readonly labels?: Readonly<Record<string, string>>;
  /** Instead of what the machine has, e.g. `{ cpu: '2', memory: '4Gi' }`; merged over it. */
  readonly capacity?: Readonly<Record<string, string>>;
  /** A shared copy of all services, where several kubelets run in one process. Its owner starts and stops it. */
  readonly services?: Informer<Service>;
}

export interface Kubelet {
  /** Answers the server's requests to this node; see server/README.md. */
  readonly handler: KubeletHandler;
  /** The node's pod range, once a controller has given it one. */
  podCidr(): Promise<string>;
  /** As the node's object has them. */
  nodeLabels(): Readonly<Record<string, string>>;
  /** Leaves all containers running. Safe to call twice. */
  stop(): Promise<void>;
  /** Stops, and ends all containers, each within its own grace but no longer than `graceSeconds` (default 5). */
  stopPods(graceSeconds?: number): Promise<void>;
}

const DEFAULT_VERSION = 'v1.33.0+wheelhouse';
const DEFAULT_MAX_PODS = 110;
const DEFAULT_STOP_GRACE_SECONDS = 5;

/** Resolves once the node is registered and its pods are being looked after (they may wait for the pod range). */
export async function startKubelet(options: KubeletOptions): Promise<Kubelet> {
  const { client, runtime, nodeName, nodeIp, settings, dataDir, log } = options;
  const clock = options.clock ?? systemClock;
  const podsDirectory = join(dataDir, 'pods');
  await mkdir(podsDirectory, { recursive: true, mode: 0o750 });

  const facts = await readMachineFacts(dataDir);
  const capacity = { ...defaultCapacity(facts, settings.maxPods ?? DEFAULT_MAX_PODS), ...options.capacity };
  const labels = {
    'kubernetes.io/hostname': nodeName,
    'kubernetes.io/os': facts.info.operatingSystem,
    'kubernetes.io/arch': facts.info.architecture,
    ...options.labels,
  };

  let addresses: PodAddresses | undefined;
  const registrar: NodeRegistrar = new NodeRegistrar({
    client,
    clock,
    log,
    nodeName,
    labels,
    async status(previous) {
      const version = await runtime.version().catch((error: unknown) => errorText(error));
      const problem =
        typeof version === 'string'
          ? `container runtime is down: ${version}`
          : addresses || registrar.node()?.spec?.podCIDR
            ? // After a restart the range is known before it is taken: the node never stops being ready for that.
              undefined
            : 'container runtime network not ready: the node has not been given its pod range yet';
      return computeNodeStatus({
        nodeName,
        nodeIp,
        capacity,
        facts,
        load: await readMachineLoad(dataDir),
        runtimeVersion:
          typeof version === 'string' ? `${runtime.name}://unknown` : `${version.name}://${version.version}`,
        version: settings.version ?? DEFAULT_VERSION,
        problem,
        images: typeof version === 'string' ? [] : await runtime.listImages(),
        previous,
        now: clock.now(),
      });
    },
  });

  const events = createEventRecorder(client, {
    component: 'kubelet',
    host: nodeName,
    clock,
    onError: (error) => log.debug({ err: error }, 'an event was not written'),
  });
  const onError = (error: unknown) => log.debug({ err: error }, 'a watch failed; it is taken up again');
  const pods = createInformer<Pod>(client, podKind, {
    fieldSelector: `spec.nodeName=${nodeName}`,
    clock,
    onError,
  });
  const ownServices =
    options.services || !runtime.abilities.programs
      ? undefined
      : createInformer<Service>(client, serviceKind, { clock, onError });
  const services = options.services ?? ownServices;
  const statuses = new StatusWriter(client, clock, log);
  const config = createConfigSource(client, clock, onError);
  const volumesDirectory = join(dataDir, 'volumes');
  const janitor = new VolumeJanitor({ client, clock, log, nodeName, directory: volumesDirectory });
  // Volumes from before a restart may have to go.
  if ((await readdir(volumesDirectory).catch(() => [])).length > 0) janitor.wake();

  const context: PodContext = {
    client,
    runtime,
    clock,
    log,
    events,
    statuses,
    config,
    persistentVolumes: new PersistentVolumes({
      client,
      nodeName,
      directory: volumesDirectory,
      onUse: () => janitor.wake(),
    }),
    images: new ImagePuller(runtime, clock),
    hostIp: nodeIp,
    dnsIp: settings.dnsIp,
    clusterDomain: settings.clusterDomain,
    podsDirectory,
    allocatable: capacity,
    addresses: () => addresses,
    async services() {
      await services?.synced();
      return services?.list() ?? [];
    },
    serviceAccountToken: (pod, request) => requestToken(client, pod, request),
    async registryCredentials(pod, image) {
      const { namespace = '' } = pod.metadata;
      const names = (pod.spec?.imagePullSecrets ?? []).map(({ name }) => name ?? '');
      const secrets = await Promise.all(names.map((name) => config.secret(namespace, name)));
      return credentialsFor(
        image,
        secrets.filter((secret) => secret !== undefined),
      );
    },
  };
  const nodeLabels: NodeLabels = {
    known: () => registrar.node()?.metadata.labels ?? labels,
    ask: async () => (await client.get(nodeKind, { name: nodeName })).metadata.labels ?? {},
  };
  const manager = new PodManager({ context, pods, nodeLabels });

  pods.start();
  ownServices?.start();
  await Promise.all([registrar.start(), pods.synced()]);
  let stopped: Promise<void> | undefined;
  const takeRange = async () => {
    const range = await registrar.podCidr();
    const restored = new PodAddresses(range, join(dataDir, 'pod-addresses.json'));
    const inUse = new Map<string, string>();
    for (const { pod, sandboxes } of await runtime.listPods()) {
      const address = sandboxes.find((sandbox) => sandbox.address)?.address;
      if (address) inUse.set(pod.uid, address);
    }
    await restored.restore(inUse, new Set(pods.list().map(({ metadata }) => metadata.uid)));
    addresses = restored;
    manager.pokeAll();
    await registrar.reportNow();
  };
  const ranged = takeRange().catch((error: unknown) =>
    log.error({ err: error }, 'the pod range could not be taken'),
  );
  // A range that is there already comes first: otherwise every pod would begin with a "network not ready" event.
  if (registrar.node()?.spec?.podCIDR) await ranged;
  await manager.start();

  const end = async (work: () => Promise<void>) => {
    registrar.stop();
    pods.stop();
    janitor.stop();
    await work();
    config.stop();
    statuses.stop();
    ownServices?.stop();
    await events.flush();
    events.stop();
    await addresses?.flush();
  };
  return {
    handler: createKubeletHandler({ manager, runtime, nodeName, clock, log }),
    podCidr: () => registrar.podCidr(),
    nodeLabels: nodeLabels.known,
    stop() {
      stopped ??= end(() => manager.stop());
      return stopped;
    },
    stopPods(graceSeconds = DEFAULT_STOP_GRACE_SECONDS) {
      stopped ??= end(() => manager.stopPods(graceSeconds));
      return stopped;
    },
  };
}

async function requestToken(
  client: Client,
  pod: Stored<Pod>,
  { audience, expirationSeconds }: TokenWish,
): Promise<IssuedToken> {
  const { namespace, name, uid } = pod.metadata;
  const account = pod.spec?.serviceAccountName || 'default';
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {
      ...(audience ? { audiences: [audience] } : {}),
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  };
  const answer = await client.createSubresource(
    serviceAccountKind,
    { namespace, name: account },
    'token',
    request,
  );
  const status: unknown = Reflect.get(answer, 'status');
  const field = (key: string): unknown =>
    typeof status === 'object' && status !== null ? Reflect.get(status, key) : undefined;
  const token = field('token');
  const expiresAt = new Date(String(field('expirationTimestamp')));
  if (typeof token !== 'string' || Number.isNaN(expiresAt.getTime()))
    throw new MountError(`the server gave no token for service account "${account}"`);
  return { token, expiresAt };
}
