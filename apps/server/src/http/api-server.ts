import type { Client } from '@wheelhouse/shared/client/client';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import { customResourceDefinitionKind } from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { apiVersionOf, type KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { Service } from 'kubernetes-types/core/v1';
import type { AdmissionPlugin } from '../admission/admission';
import { checkedKinds } from '../admission/policies/served-kinds';
import type { AuditSink } from '../audit/audit-sink';
import type { Authenticator, Authorizer } from '../auth/auth';
import type { Logger } from '../component';
import { servedDefinitionKind } from '../custom-resources/definition-kind';
import { CustomResources } from '../custom-resources/definitions';
import { Audit } from '../registry/audit';
import { EventLeases } from '../registry/event-leases';
import { Operations } from '../registry/operations';
import { Registry, registryEquivalents, registryReader, registrySibling } from '../registry/registry';
import type { StorageHook } from '../registry/request-context';
import { ServiceAllocator } from '../registry/service-allocation';
import { StoreFeed } from '../registry/store-feed';
import type { Store } from '../store/store';
import type { HookClient } from '../webhooks/hook-client';
import { bootstrapObjects, publishApiAddress } from './bootstrap';
import { computedKinds } from './computed-kinds';
import { discoveryHandler } from './discovery';
import type {
  GroupProxy,
  Req,
  Res,
  SubresourceHandler,
  UpgradeHandler,
  UserInfo,
  VirtualGroup,
} from './extension';
import { Extensions } from './extensions';
import { FairQueue } from './fairness/fair-queue';
import { LEVELS } from './fairness/levels';
import { type FixedDocument, fixedDocumentsHandler } from './fixed-documents';
import { healthHandler, healthPaths } from './health';
import { InProcessClient } from './in-process-client';
import { type Listener, type ListenOptions, listen } from './listener';
import { openApiHandler } from './openapi';
import { ResourceHandler } from './resource-handler';
import { Router } from './router';
import { dispatchUpgrade } from './upgrades';

/** Events of one resource that slow watchers may lag behind. */
const RING_CAPACITY = 8192;
/** How long requests under way may take to finish when the server stops. */
const STOP_GRACE_MS = 2000;

export interface ApiServerOptions {
  readonly store: Store;
  readonly kinds: readonly KindDefinition[];
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** In the order in which they run. */
  readonly admission: readonly AdmissionPlugin[];
  readonly audit?: AuditSink;
  /** Where services get their addresses from, e.g. `10.96.0.0/16`. */
  readonly serviceCidr: string;
  /** First and last port for NodePort services; default 30000 to 32767. */
  readonly nodePortRange?: readonly [number, number];
  readonly log: Logger;
  /** Asks the webhooks that convert custom resources. */
  readonly hooks?: HookClient;
  /** Served as they are to whoever may read their paths. */
  readonly documents?: readonly FixedDocument[];
  readonly clock?: Clock;
  /** Shown by `/version`; default `v1.33.0+wheelhouse`. */
  readonly gitVersion?: string;
  /** Events of one resource that are kept for watchers; default 8192. */
  readonly ringCapacity?: number;
}

/** The API server: authentication, authorization, admission, the registry and the HTTP face of it all. */
export interface ApiServer {
  /** A client for a part that lives in this process. Requests go the way of all others, unserialised. */
  clientFor(user: UserInfo): Client;
  addVirtualGroup(group: VirtualGroup): void;
  addSubresource(handler: SubresourceHandler): void;
  addUpgrade(handler: UpgradeHandler): void;
  /** Groups that other servers answer for. */
  setGroupProxy(proxy: GroupProxy): void;
  /** A kind that this server serves itself. */
  findKind(apiVersion: string, kind: string): KindDefinition | undefined;
  /** Groups and versions that this server answers for itself. */
  readonly localGroups: readonly {
    readonly group: string;
    readonly version: string;
    readonly custom: boolean;
  }[];
  /**
   * Answers one request that came in elsewhere (the console's port). With `user` the request is theirs and carries
   * no credential of its own. Never rejects.
   */
  handle(req: Req, res: Res, user?: UserInfo): Promise<void>;
  /** HTTPS for HTTP/1.1 and HTTP/2 on one port. Rejects when the port cannot be had. */
  listen(options: ListenOptions): Promise<{ readonly port: number }>;
  /** Where the service `default/kubernetes` leads: an address at which pods reach this server. */
  publishAddress(address: { readonly ip: string; readonly port: number }): Promise<void>;
  ready(): boolean;
  /** Ends watches and connections, then lets go of the store (which stays open). Safe to call twice. */
  stop(): Promise<void>;
}

/** Loads the cluster's objects from the store; resolves when requests can be answered. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, kinds, log, authenticator, authorizer, clock = systemClock } = options;
  const gitVersion = options.gitVersion ?? 'v1.33.0+wheelhouse';
  const feed = new StoreFeed({
    store,
    types: kinds.filter((kind) => !kind.storedAs),
    clock,
    log,
    ringCapacity: options.ringCapacity ?? RING_CAPACITY,
  });
  const leases = new EventLeases(store, clock);
  const services = new ServiceAllocator(
    store,
    { serviceCidr: options.serviceCidr, nodePorts: options.nodePortRange ?? [30000, 32767] },
    clock,
  );
  const checked = checkedKinds(() => registry.kinds);
  const asServed = (kind: KindDefinition) =>
    // Definitions of custom resources, webhooks and policies are checked by what only the server has, such as CEL.
    kind === customResourceDefinitionKind ? servedDefinitionKind : (checked.get(kind) ?? kind);
  const registry: Registry = new Registry(kinds.map(asServed), {
    store,
    feed,
    clock,
    admission: options.admission,
    reader: registryReader(() => registry),
    sibling: registrySibling(() => registry),
    equivalents: registryEquivalents(() => registry),
    system: () => self,
    authorizer,
    hooks: new Map<string, StorageHook>([['services', services]]),
    leaseFor: (plural) => leases.leaseFor(plural),
    log,
  });
  await feed.start();
  let definitions: CustomResources | undefined;
  const operations = new Operations(new Audit(options.audit, clock), registry);
  const resources = new ResourceHandler(operations, clock, authorizer);
  const extensions = new Extensions();
  const router = new Router({
    authenticator,
    authorizer,
    registry,
    resources,
    extensions,
    paths: [
      healthHandler({
        ready: () => feed.ready,
        pingStore: () => store.currentRevision(),
        gitVersion,
      }),
      discoveryHandler(registry, extensions),
      fixedDocumentsHandler(options.documents ?? []),
      openApiHandler(
        {
          get kinds() {
            return [...registry.kinds, ...computedKinds(extensions.virtualGroups)];
          },
          get generation() {
            return `${registry.generation} ${extensions.virtualGroups.length}`;
          },
        },
        () => extensions.proxy,
        gitVersion,
      ),
    ],
    knownPaths: () => knownPaths(registry.kinds, extensions, options.documents),
    settled: () => definitions?.settled(),
    fairness: new FairQueue(Object.values(LEVELS), clock),
    log,
  });
  const clientFor = (user: UserInfo): Client =>
    new InProcessClient(user, { registry, operations, authorizer, clock, extensions });
  const self: Client = clientFor({
    name: 'system:apiserver',
    groups: ['system:masters', 'system:authenticated'],
  });
  await bootstrapObjects(self, kinds, options.serviceCidr);
  await repairServices(services, feed, log);
  const listeners: Listener[] = [];
  if (kinds.includes(customResourceDefinitionKind)) {
    definitions = new CustomResources({ registry, client: self, clock, log, hooks: options.hooks });
    await definitions.start();
  }

  return {
    clientFor,
    findKind: (apiVersion, name) =>
      registry.kinds.find((kind) => kind.kind === name && apiVersionOf(kind) === apiVersion),
    addVirtualGroup: (group) => extensions.addVirtualGroup(group),
    addSubresource: (handler) => extensions.addSubresource(handler),
    addUpgrade: (handler) => extensions.addUpgrade(handler),
    setGroupProxy(proxy) {
      extensions.proxy = proxy;
    },
    get localGroups() {
      return [
        ...registry.kinds.map(({ group, version, custom }) => ({
          group,
          version,
          custom: custom !== undefined,
        })),
        ...extensions.virtualGroups.map(({ group, version }) => ({ group, version, custom: false })),
      ];
    },
    handle: (req, res, user) => router.serve(req, res, user),
    async listen(where) {
      const listener = await listen(
        where,
        {
          onRequest: (req, res) => void router.serve(req, res),
          onUpgrade: (req, socket, head) =>
            void dispatchUpgrade({ req, socket, head }, { router, authorizer, extensions, log }),
        },
        log,
      );
      listeners.push(listener);
      return { port: listener.port };
    },
    publishAddress: (address) => publishApiAddress(self, kinds, address),
    ready: () => feed.ready,
    async stop() {
      definitions?.stop();
      resources.endStreams();
      await Promise.all(listeners.splice(0).map((listener) => listener.close(STOP_GRACE_MS)));
      feed.stop();
    },
  };
}

/** Services as the cache has them, against the addresses and ports that are claimed. */
async function repairServices(allocator: ServiceAllocator, feed: StoreFeed, log: Logger): Promise<void> {
  const cache = feed.find('services');
  if (!cache) return;
  const services: Service[] = [];
  for (const entry of cache.index.all()) services.push(entry.object as Service);
  await allocator.repair(services, log);
}

function knownPaths(
  kinds: readonly KindDefinition[],
  extensions: Extensions,
  documents: readonly FixedDocument[] = [],
): string[] {
  const paths = new Set([
    ...documents.map(({ path }) => path),
    '/api',
    '/apis',
    '/apis/',
    ...healthPaths(),
    '/openapi/v2',
    '/openapi/v3',
    '/version',
  ]);
  for (const { group, version } of [...kinds, ...extensions.virtualGroups]) {
    if (group === '') {
      paths.add(`/api/${version}`);
    } else {
      paths.add(`/apis/${group}`);
      paths.add(`/apis/${group}/${version}`);
    }
  }
  return [...paths].sort();
}
