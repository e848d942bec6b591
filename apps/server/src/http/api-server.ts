import type { Client } from '@wheelhouse/shared/client/client';
import { type Clock, systemClock } from '@wheelhouse/shared/clock';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { AdmissionPlugin } from '../admission/admission';
import type { AuditSink } from '../audit/audit-sink';
import type { Authenticator, Authorizer } from '../auth/auth';
import type { Logger } from '../component';
import { Audit } from '../registry/audit';
import { EventLeases } from '../registry/event-leases';
import { Operations } from '../registry/operations';
import { Registry, registryReader } from '../registry/registry';
import type { StorageHook } from '../registry/request-context';
import { StoreFeed } from '../registry/store-feed';
import type { Store } from '../store/store';
import type { UserInfo } from './extension';
import { InProcessClient } from './in-process-client';

/** Events of one resource that slow watchers may lag behind. */
const RING_CAPACITY = 8192;

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
  readonly clock?: Clock;
  /** Shown by `/version`; default `v1.33.0+wheelhouse`. */
  readonly gitVersion?: string;
}

/** The API server: authentication, authorization, admission, the registry and the HTTP face of it all. */
export interface ApiServer {
  /** A client for a part that lives in this process. Requests go the way of all others, unserialised. */
  clientFor(user: UserInfo): Client;
  ready(): boolean;
  stop(): Promise<void>;
}

/** Loads the cluster's objects from the store; resolves when requests can be answered. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, kinds, log, clock = systemClock } = options;
  const feed = new StoreFeed({
    store,
    types: kinds.filter((kind) => !kind.storedAs),
    clock,
    log,
    ringCapacity: RING_CAPACITY,
  });
  const leases = new EventLeases(store, clock);
  const hooks = new Map<string, StorageHook>();
  const registry: Registry = new Registry(kinds, {
    store,
    feed,
    clock,
    admission: options.admission,
    reader: registryReader(() => registry),
    hooks,
    leaseFor: (plural) => leases.leaseFor(plural),
    log,
  });
  await feed.start();
  const operations = new Operations(new Audit(options.audit, clock));

  return {
    clientFor: (user) =>
      new InProcessClient(user, { registry, operations, authorizer: options.authorizer, clock }),
    ready: () => feed.ready,
    async stop() {
      feed.stop();
    },
  };
}
