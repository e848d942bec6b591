import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@wheelhouse/shared/client/client';
import { systemClock } from '@wheelhouse/shared/clock';
import { allKinds } from '@wheelhouse/shared/kinds/all';
import { createDefaultPlugins } from '../admission/default-plugins';
import { validatingPolicies } from '../admission/policies/validating-policies';
import { mutatingWebhooks } from '../admission/webhooks/mutating-webhooks';
import { validatingWebhooks } from '../admission/webhooks/validating-webhooks';
import { startAggregator } from '../aggregation/aggregator';
import { openFrontProxy, publishAuthentication } from '../aggregation/front-proxy';
import { openAudit } from '../audit/open-audit';
import { createBootstrapTokens } from '../auth/bootstrap-tokens';
import { type Credentials, openCredentials } from '../auth/credentials';
import { issuerDocuments } from '../auth/issuer-documents';
import { openAuth } from '../auth/open-auth';
import { serverNames } from '../auth/server-certificate';
import { API_AUDIENCE } from '../auth/service-account-keys';
import type { Component } from '../component';
import { startConsole } from '../console/start-console';
import { loadControllers } from '../controllers/load-controllers';
import { startControllers } from '../controllers/start-controllers';
import { type ApiServer, createApiServer } from '../http/api-server';
import type { UserInfo } from '../http/extension';
import { startMetrics } from '../metrics/start-metrics';
import { metricsGroup } from '../metrics/virtual-group';
import { createAgentGateway } from '../nodes/agent-gateway';
import { NodeTunnels } from '../nodes/node-tunnels';
import { createPodCommandHandler } from '../nodes/pod-command';
import { createPodLogHandler } from '../nodes/pod-log';
import { createPodPortForwardHandler } from '../nodes/pod-port-forward';
import { createNodeProxyHandler, createProxyHandlers, dialService } from '../nodes/proxy/proxy-handlers';
import { loadSchedulerConfig } from '../scheduler/config/load-config';
import { startScheduler } from '../scheduler/start-scheduler';
import { schedulingExplanation, schedulingGroup } from '../scheduler/virtual-group';
import { StartupError } from '../startup-error';
import { startCompactor } from '../store/compactor';
import { openStore } from '../store/open-store';
import { HttpsHookClient } from '../webhooks/hook-client';
import { nthAddress } from './addresses';
import { ensureDnsService } from './bootstrap-services';
import { publishRanges, readRanges } from './cluster-facts';
import { ComponentStack } from './component-stack';
import { componentStatuses } from './component-statuses';
import type { ServerConfig } from './config';
import type { ClusterIdentity } from './data-directory';
import { publishedAddress } from './published-address';
import { openRemoteClient } from './remote-client';

/** What runs in this process, and how to reach it. */
export interface RunningServer extends Component {
  /** With the administrator's rights; undefined when the API runs elsewhere. */
  readonly admin: Client | undefined;
  readonly apiUrl: string;
  readonly apiPort: number | undefined;
  readonly console: { readonly url: string; signInUrl(): string } | undefined;
  /** Whether the node's agent has its tunnel to this process open. */
  isNodeConnected(name: string): boolean;
}

export interface StartServerOptions {
  readonly config: ServerConfig;
  readonly identity: ClusterIdentity;
  /** The exported console. */
  readonly webDirectory: string;
  /** Told after each part that is up, in a few words. */
  readonly onStep: (text: string) => void;
}

const CLUSTER_DOMAIN = 'cluster.local';
const AUTHENTICATED = 'system:authenticated';
const MASTERS: UserInfo = { name: 'system:apiserver', groups: ['system:masters', AUTHENTICATED] };
const ADMIN: UserInfo = { name: 'admin', groups: ['system:masters', AUTHENTICATED] };
const component = (name: string): UserInfo => ({ name, groups: [AUTHENTICATED] });

/**
 * The composition root of the server: opens what the configured components need, in order, and stops everything
 * that it had started when one part cannot be. Throws {@link StartupError} (or another Error whose message is one
 * clear line) then.
 */
export async function startServer(options: StartServerOptions): Promise<RunningServer> {
  const stack = new ComponentStack(options.config.log);
  try {
    return options.config.components.has('api')
      ? await startWithApi(options, stack)
      : await startBesideApi(options, stack);
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

async function startWithApi(options: StartServerOptions, stack: ComponentStack): Promise<RunningServer> {
  const { config, identity, onStep } = options;
  const { log, dataDir } = config;
  const clock = systemClock;
  const { services: serviceCidr, pods: podCidr } = identity.ranges;
  const dnsIp = nthAddress(serviceCidr, 10);

  const credentials = await openCredentials({ dataDir, clock });
  const [store, audit] = await openBoth(
    openStore(config.store, log).then((opened) => {
      stack.push('store', () => opened.close());
      onStep(config.store.kind === 'etcd' ? 'etcd answers' : 'the store is open');
      return opened;
    }),
    openAudit({ database: config.database, dataDir, log }).then((opened) => {
      stack.push('audit', () => opened.close());
      onStep(config.database.kind === 'postgres' ? 'PostgreSQL answers' : 'the audit history is open');
      return opened;
    }),
  );
  const compactor = startCompactor(store, log);
  stack.push('compactor', () => compactor.stop());

  const tunnels = new NodeTunnels({ clock, log });
  stack.push('tunnels', () => tunnels.stop());
  const hooks = new HttpsHookClient((service) => dialService(service, streams));
  stack.push('webhooks', () => hooks.close());

  const auth = openAuth({ credentials, clock, log });
  stack.push('auth', () => auth.stop());
  const api: ApiServer = await createApiServer({
    store,
    kinds: allKinds,
    authenticator: auth.authenticator,
    authorizer: auth.authorizer,
    admission: createDefaultPlugins({
      tolerationSeconds: config.defaultTolerationSeconds,
      extra: [
        ...auth.admission,
        mutatingWebhooks(hooks),
        validatingPolicies((apiVersion, kind) => api.findKind(apiVersion, kind)),
        validatingWebhooks(hooks),
      ],
      ...config.admissionPlugins,
    }),
    audit: audit.sink,
    documents: issuerDocuments(credentials.serviceAccountKeys),
    serviceCidr,
    log,
    clock,
    hooks,
  });
  stack.push('api', () => api.stop());
  const system = api.clientFor(MASTERS);
  const streams = { client: system, nodes: tunnels, clock, log };
  const reviews = auth.start(system);
  for (const group of reviews.virtualGroups) api.addVirtualGroup(group);
  for (const handler of reviews.subresources) api.addSubresource(handler);
  await reviews.ready();
  api.addVirtualGroup(
    componentStatuses({
      ...(config.components.has('controllers') ? { 'controller-manager': async () => 'ok' } : {}),
      ...(config.components.has('scheduler') ? { scheduler: async () => 'ok' } : {}),
      'etcd-0': () => store.currentRevision().then(() => 'ok'),
    }),
  );
  api.addVirtualGroup(
    audit.virtualGroupWithUndo({ clientFor: (user) => api.clientFor(user), kinds: allKinds }),
  );

  const tokens = createBootstrapTokens(system, clock);
  await tokens.ensure({
    ...credentials.joinToken,
    allowReplace: false,
    description: 'join-token of the data directory',
  });
  api.addSubresource(createPodLogHandler(streams));
  api.addSubresource(createPodCommandHandler('exec', streams));
  api.addSubresource(createPodCommandHandler('attach', streams));
  api.addSubresource(createPodPortForwardHandler(streams));
  for (const handler of createProxyHandlers(streams)) api.addSubresource(handler);
  api.addSubresource(createNodeProxyHandler(streams));
  const metrics = startMetrics({ client: system, nodes: tunnels, clock, log });
  stack.push('metrics', () => metrics.stop());
  api.addVirtualGroup(metricsGroup({ usages: metrics.usages, client: system, clock }));
  let apiUrl = '';
  api.addUpgrade(
    createAgentGateway({
      authority: credentials.authority,
      tokens,
      client: system,
      tunnels,
      settings: () => ({
        clusterId: identity.clusterId,
        clusterDomain: CLUSTER_DOMAIN,
        dnsIp,
        serviceCidr,
        podCidr,
        apiUrl,
      }),
      clock,
      log,
    }),
  );

  const names = serverNames({
    serviceIp: nthAddress(serviceCidr, 1),
    clusterDomain: CLUSTER_DOMAIN,
    advertise: config.advertise,
  });
  const certificate = await credentials.serverCertificate(names);
  const tls = { key: certificate.key, cert: certificate.certificate, ca: credentials.authority.certificate };
  const { port } = await api.listen({ host: config.apiHost, port: config.apiPort, tls });
  const { ip, needsListener } = publishedAddress(config.apiHost, config.advertise);
  if (needsListener) await api.listen({ host: ip, port, tls });
  apiUrl = `https://${config.advertise[0] ?? '127.0.0.1'}:${port}`;
  await api.publishAddress({ ip, port });
  const frontProxy = await openFrontProxy(dataDir, clock);
  await publishAuthentication(system, {
    clientCa: credentials.authority.certificate,
    frontProxyCa: frontProxy.ca,
  });
  const aggregator = startAggregator({
    api,
    client: system,
    dial: (service) => dialService(service, streams),
    identity: frontProxy.identity,
    clock,
    log,
  });
  stack.push('aggregator', () => aggregator.stop());
  await ensureDnsService(system, dnsIp);
  await publishRanges(system, identity.ranges);
  await credentials.writeAdminKubeconfig(apiUrl);
  onStep(`the API answers on ${apiUrl}`);

  const clients: ComponentClients = {
    scheduler: api.clientFor(component('system:kube-scheduler')),
    controllers: api.clientFor(component('system:kube-controller-manager')),
  };
  await startDecisions(options, {
    stack,
    clients,
    podCidr,
    api,
    caCertificate: credentials.authority.certificate,
    credentials,
  });
  const console = await startConsoleIfWanted(options, stack, api);
  return {
    admin: api.clientFor(ADMIN),
    apiUrl,
    apiPort: port,
    console,
    isNodeConnected: (name) => tunnels.isConnected(name),
    stop: () => stack.stop(),
  };
}

/** Components as a process of their own, beside an API that runs elsewhere. */
async function startBesideApi(options: StartServerOptions, stack: ComponentStack): Promise<RunningServer> {
  const { config } = options;
  if (config.components.has('console')) {
    throw new StartupError('The console needs the API in the same process: add api to --components.');
  }
  if (!config.kubeconfig) {
    throw new StartupError('Without api among --components, --kubeconfig has to say where the API is.');
  }
  const remote = await openRemoteClient(config.kubeconfig);
  stack.push('connection', () => remote.close());
  const withControllers = config.components.has('controllers');
  await startDecisions(options, {
    stack,
    clients: { scheduler: remote.client, controllers: remote.client },
    podCidr: withControllers ? (await readRanges(remote.client)).pods : undefined,
    caCertificate: remote.caCertificate,
  });
  return {
    admin: undefined,
    apiUrl: remote.server,
    apiPort: undefined,
    console: undefined,
    isNodeConnected: () => false,
    stop: () => stack.stop(),
  };
}

interface ComponentClients {
  readonly scheduler: Client;
  readonly controllers: Client;
}

interface DecisionsContext {
  readonly stack: ComponentStack;
  readonly clients: ComponentClients;
  /** Undefined without controllers. */
  readonly podCidr: string | undefined;
  /** Undefined when it runs elsewhere. */
  readonly api?: ApiServer;
  readonly caCertificate?: string;
  /** Undefined when the API, with its keys, runs elsewhere. */
  readonly credentials?: Credentials;
}

/** What the controllers sign with. */
function clusterKeys({ authority, serviceAccountKeys }: Credentials) {
  return {
    signer: authority,
    tokens: {
      audience: API_AUDIENCE,
      sign: serviceAccountKeys.sign.bind(serviceAccountKeys),
    },
  };
}

/** Scheduler and controllers: clients of the API like everyone else. */
async function startDecisions(options: StartServerOptions, context: DecisionsContext): Promise<void> {
  const { config, onStep } = options;
  const { stack, clients, api } = context;
  const election = config.electsLeader
    ? { leaderElection: { identity: `${hostname()}_${randomUUID()}` } }
    : {};
  if (config.components.has('scheduler')) {
    const scheduler = await startScheduler({
      client: clients.scheduler,
      log: config.log,
      config: await loadSchedulerConfig(config.schedulerConfig),
      ...election,
    });
    stack.push('scheduler', () => scheduler.stop());
    // Previews and explanations are answered by the scheduler's own code, so only beside it. Whoever may ask for a
    // preview may have any workload previewed, those too that the scheduler itself has no business with.
    api?.addVirtualGroup(schedulingGroup(scheduler, api.clientFor(MASTERS)));
    api?.addSubresource(schedulingExplanation(scheduler, clients.scheduler));
    onStep('the scheduler decides');
  }
  const settings = {
    ...(context.podCidr ? { clusterCidr: context.podCidr } : {}),
    nodeMonitorGraceSeconds: config.nodeMonitorGraceSeconds,
    ...(context.caCertificate ? { rootCa: context.caCertificate } : {}),
    ...(context.credentials ? clusterKeys(context.credentials) : {}),
  };
  const common = { client: clients.controllers, log: config.log, settings };
  if (config.components.has('controllers')) {
    const controllers = await startControllers({
      ...common,
      enabled: config.controllers,
      extra: await loadControllers(config.controllersFrom),
      ...election,
    });
    stack.push('controllers', () => controllers.stop());
    onStep('the controllers reconcile');
    return;
  }
  const signing = KEY_HOLDERS.filter((name) => config.controllers.includes(name));
  if (!context.credentials || signing.length === 0) return;
  // Without election: of two that sign the same the second finds nothing to do.
  const controllers = await startControllers({ ...common, enabled: signing });
  stack.push('signing controllers', () => controllers.stop());
  onStep('what has to be signed is signed');
}

/**
 * Controllers that sign need the cluster's keys, which never leave the API's own process. Where the others run
 * elsewhere, they run beside the API when they are named.
 */
const KEY_HOLDERS = ['csrsigning', 'serviceaccount-token'];

async function startConsoleIfWanted(options: StartServerOptions, stack: ComponentStack, api: ApiServer) {
  const { config, onStep } = options;
  if (!config.components.has('console')) return undefined;
  const console = await startConsole({
    api,
    client: api.clientFor(ADMIN),
    host: config.consoleHost,
    port: config.consolePort,
    webDirectory: options.webDirectory,
    dataDir: config.dataDir,
    log: config.log,
  });
  stack.push('console', () => console.stop());
  onStep(`the console answers on ${console.url}`);
  return console;
}

/** Waits for both, so that whatever did open is on the stack and gets closed when the other failed. */
async function openBoth<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === 'rejected') throw one.reason;
  if (other.status === 'rejected') throw other.reason;
  return [one.value, other.value];
}

/** Where `npm start` and `wheelhouse server` find the exported console, seen from the bundle. */
export const webDirectoryBeside = (programDirectory: string): string =>
  join(programDirectory, '../../web/out');
