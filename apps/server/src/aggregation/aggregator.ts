import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import type { Informer } from '@wheelhouse/shared/client/informer';
import type { Clock } from '@wheelhouse/shared/clock';
import {
  asApiError,
  isAlreadyExists,
  isConflict,
  isNotFound,
  isUnavailable,
  serviceUnavailable,
} from '@wheelhouse/shared/errors';
import { type ApiService, apiServiceKind } from '@wheelhouse/shared/kinds/apiregistration/api-service';
import type { DiscoveryResource } from '@wheelhouse/shared/meta/discovery';
import { isObject } from '@wheelhouse/shared/meta/json';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Component, Logger } from '../component';
import type { ApiServer } from '../http/api-server';
import type { GroupProxy, ProxiedGroup, UserInfo } from '../http/extension';
import { TypesOfServer } from './published-types';
import { type FrontProxyIdentity, RemoteServer, type ServiceDialer, Unreachable } from './remote-server';

/** How often the servers behind services are asked whether they are there, and the list of local groups is renewed. */
const ROUND_MS = 10_000;
const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged';
const SELF: UserInfo = { name: 'system:kube-aggregator', groups: ['system:masters', 'system:authenticated'] };

/** A group and version that a service answers for. */
class Remote implements ProxiedGroup {
  /** Why nobody can be asked; undefined when somebody can. */
  problem: Problem | undefined = { reason: 'FailedDiscoveryCheck', message: 'not checked yet' };
  resources: readonly DiscoveryResource[] = [];
  readonly types: TypesOfServer;

  constructor(
    readonly fingerprint: string,
    readonly server: RemoteServer,
    readonly group: string,
    readonly version: string,
  ) {
    this.types = new TypesOfServer(server, group, version, SELF);
  }

  async handle(...[user, req, res]: Parameters<ProxiedGroup['handle']>): Promise<void> {
    this.#refuse();
    await this.server.forward(user, req, res);
  }

  async upgrade(...[user, req, socket, head]: Parameters<ProxiedGroup['upgrade']>): Promise<void> {
    this.#refuse();
    await this.server.upgrade(user, req, socket, head);
  }

  #refuse(): void {
    if (this.problem !== undefined) throw serviceUnavailable('service unavailable');
  }

  /** Asks what the server has; remembers the answer, or why there was none. */
  async check(): Promise<void> {
    try {
      const list = await this.server.get(`/apis/${this.group}/${this.version}`, SELF);
      this.resources = resourcesOf(list, this.group, this.version);
      this.problem = undefined;
    } catch (error) {
      this.problem = problemOf(error);
    }
  }
}

interface Problem {
  readonly reason: string;
  readonly message: string;
}

function problemOf(error: unknown): Problem {
  const why = error instanceof Unreachable ? error.why : undefined;
  if (isNotFound(why)) return { reason: 'ServiceNotFound', message: why.message };
  if (isUnavailable(why)) return { reason: 'MissingEndpoints', message: why.message };
  const message = `failing or missing response: ${asApiError(error).message}`;
  return { reason: 'FailedDiscoveryCheck', message };
}

/**
 * API aggregation: APIService objects say which service answers for a group and version. Requests for those are
 * passed on; the groups that this server has itself are shown as local ones.
 */
export function startAggregator(options: {
  readonly api: ApiServer;
  readonly client: Client;
  readonly dial: ServiceDialer;
  readonly identity: FrontProxyIdentity;
  readonly clock: Clock;
  readonly log: Logger;
}): Component {
  const { api, client, clock, log } = options;
  const remotes = new Map<string, Remote>();
  const informer: Informer<ApiService> = createInformer<ApiService>(client, apiServiceKind, {
    clock,
    onError: (error) => log.warn({ err: error }, 'watching API services failed, trying again'),
  });
  let stopped = false;
  /** Of what the other servers publish. */
  let generation = 0;
  let cancel: (() => void) | undefined;

  function note(service: Stored<ApiService>): void {
    const { group = '', version = '', service: target, caBundle, insecureSkipTLSVerify } = service.spec ?? {};
    const { name } = service.metadata;
    const fingerprint = JSON.stringify(service.spec);
    if (!target?.name || !target.namespace || group === '') {
      remotes.delete(name);
      return;
    }
    if (remotes.get(name)?.fingerprint === fingerprint) return;
    const server = new RemoteServer({
      service: { name: target.name, namespace: target.namespace, port: target.port ?? 443 },
      ca: caBundle ? Buffer.from(caBundle, 'base64').toString('utf8') : undefined,
      insecure: insecureSkipTLSVerify ?? false,
      dial: options.dial,
      identity: options.identity,
    });
    const remote = new Remote(fingerprint, server, group, version);
    remotes.set(name, remote);
    void look(name, remote);
  }

  /** Checks one server and writes down what was found. */
  async function look(name: string, remote: Remote): Promise<void> {
    await remote.check();
    if (remote.problem === undefined && (await remote.types.refresh())) generation++;
    if (stopped || remotes.get(name) !== remote) return;
    try {
      const current = informer.get(name) ?? (await client.get(apiServiceKind, { name }));
      const next = withAvailability(current, remote.problem, clock.now());
      if (next) await client.update(apiServiceKind, next, { subresource: 'status' });
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) {
        log.warn({ err: error, apiService: name }, 'the state of an API service could not be written');
      }
    }
  }

  /** Keeps one object for each group and version that is served here. */
  async function registerLocal(): Promise<void> {
    const wanted = new Map<string, ApiService>();
    for (const { group, version, custom } of api.localGroups) {
      const name = `${version}.${group}`;
      if (!wanted.has(name)) wanted.set(name, localService(group, version, custom));
    }
    for (const [name, service] of wanted) {
      if (stopped) return;
      if (informer.get(name)) continue;
      try {
        await client.create(apiServiceKind, service);
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
    }
    for (const service of informer.list()) {
      const managed = service.metadata.labels?.[AUTOMANAGED];
      if (stopped || managed === undefined || wanted.has(service.metadata.name)) continue;
      try {
        await client.delete(apiServiceKind, service.metadata);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  }

  async function round(): Promise<void> {
    try {
      await registerLocal();
      await Promise.all([...remotes].map(([name, remote]) => look(name, remote)));
    } catch (error) {
      log.warn({ err: error }, 'API services could not be kept up to date; trying again');
    }
    if (!stopped) cancel = clock.after(ROUND_MS, () => void round());
  }

  informer.subscribe({
    added: note,
    updated: (service) => note(service),
    deleted({ metadata }) {
      if (remotes.delete(metadata.name)) generation++;
    },
  });
  informer.start();
  const proxy: GroupProxy = {
    find: (group, version) => (remotes.size === 0 ? undefined : remotes.get(`${version}.${group}`)),
    get resources() {
      return [...remotes.values()].flatMap(({ resources }) => resources);
    },
    get published() {
      return [...remotes.values()].map(({ types }) => types.published);
    },
    get generation() {
      return generation;
    },
  };
  api.setGroupProxy(proxy);
  void informer
    .synced()
    .then(round, (error: unknown) => log.warn({ err: error }, 'API services cannot be read'));
  return {
    async stop() {
      stopped = true;
      cancel?.();
      informer.stop();
    },
  };
}

/** As Kubernetes orders the groups: its own first, then others. */
function localService(group: string, version: string, custom: boolean): ApiService {
  const stable = /^v\d+$/.test(version);
  const priority = group === '' ? 18_000 : custom ? 1000 : /(?:^|\.)k8s\.io$/.test(group) ? 17_000 : 17_800;
  return {
    metadata: {
      name: `${version}.${group}`,
      labels: { [AUTOMANAGED]: custom ? 'true' : 'onstart' },
    },
    spec: {
      ...(group ? { group } : {}),
      version,
      groupPriorityMinimum: priority,
      versionPriority: custom ? 100 : stable ? 15 : 9,
    },
  };
}

/** Undefined when nothing has changed. */
function withAvailability(
  service: Stored<ApiService>,
  problem: Problem | undefined,
  now: Date,
): Stored<ApiService> | undefined {
  const old = service.status?.conditions?.find(({ type }) => type === 'Available');
  const status = problem === undefined ? 'True' : 'False';
  const { reason, message } = problem ?? { reason: 'Passed', message: 'all checks passed' };
  if (old?.status === status && old.reason === reason && old.message === message) return undefined;
  const lastTransitionTime =
    old?.status === status && old.lastTransitionTime
      ? old.lastTransitionTime
      : `${now.toISOString().slice(0, 19)}Z`;
  const others = (service.status?.conditions ?? []).filter(({ type }) => type !== 'Available');
  const condition = { type: 'Available', status, reason, message, lastTransitionTime };
  return { ...service, status: { ...service.status, conditions: [...others, condition] } };
}

/** What an APIResourceList says, as far as it has the right form. */
function resourcesOf(list: unknown, group: string, version: string): DiscoveryResource[] {
  const entries = isObject(list) && Array.isArray(list.resources) ? list.resources.filter(isObject) : [];
  const texts = (value: unknown) =>
    Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const whole = entries.filter(({ name }) => typeof name === 'string' && name !== '' && !name.includes('/'));
  return whole.map((entry) => ({
    group,
    version,
    kind: text(entry.kind),
    plural: text(entry.name),
    singular: text(entry.singularName),
    namespaced: entry.namespaced === true,
    verbs: texts(entry.verbs),
    shortNames: texts(entry.shortNames),
    categories: texts(entry.categories),
    subresources: entries
      .filter(({ name }) => typeof name === 'string' && name.startsWith(`${text(entry.name)}/`))
      .map((sub) => ({
        name: text(sub.name).slice(text(entry.name).length + 1),
        kind: text(sub.kind),
        ...(text(sub.group) ? { group: text(sub.group) } : {}),
        ...(text(sub.version) ? { version: text(sub.version) } : {}),
        verbs: texts(sub.verbs),
      })),
  }));
}
