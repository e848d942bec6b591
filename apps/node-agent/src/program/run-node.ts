import { join } from 'node:path';
import type { AgentSettings } from '@wheelhouse/shared/agent/protocol';
import { systemClock } from '@wheelhouse/shared/clock';
import type { Logger } from 'pino';
import { createNodeApi } from '../connection/api-client';
import { AgentConnection } from '../connection/connect';
import { openCredentialStore } from '../connection/credential-store';
import { ensureCredential } from '../connection/register';
import { startDns } from '../dns/start-dns';
import { makeRangeLocal, releaseRange } from '../host/reachability';
import { startKubelet } from '../kubelet/start-kubelet';
import { startProxy } from '../proxy/start-proxy';
import { openRuntime } from '../runtime/open-runtime';
import { sharesHost } from '../runtime/runtime';
import { createTunnelServer, type TunnelHandler } from '../tunnel/serve-tunnel';
import type { AgentConfig } from './options';

export const AGENT_VERSION = 'v1.33.0+wheelhouse';

export interface RunningNode {
  /** Ends the agent's work on this node; with `pods` its containers are stopped too, otherwise they run on. */
  stop(options: { readonly pods: boolean }): Promise<void>;
}

/**
 * The composition root of one node: registers it (once), opens its runtime, and starts kubelet, service proxy and
 * DNS. Rejects with an Error whose message is fit for the terminal when the node cannot be registered.
 */
export async function runNode(config: AgentConfig, nodeName: string, log: Logger): Promise<RunningNode> {
  const clock = systemClock;
  const dataDir = config.nodeNames.length > 1 ? join(config.dataDir, nodeName) : config.dataDir;
  const registration = {
    serverUrl: config.server,
    nodeName,
    agentVersion: AGENT_VERSION,
    store: openCredentialStore(dataDir),
    joinToken: config.joinToken,
    clock,
  };
  const credential = await ensureCredential(registration);
  const api = createNodeApi({
    serverUrl: config.server,
    credential,
    userAgent: `wheelhouse-agent/${AGENT_VERSION}`,
  });

  // The kubelet needs the cluster's settings, which come with the first connection (or from the last one).
  let handler: TunnelHandler = (_req, res) => {
    res.statusCode = 503;
    res.end('the node is starting\n');
  };
  let gotSettings: (settings: AgentSettings) => void = () => undefined;
  const firstSettings = new Promise<AgentSettings>((resolve) => {
    gotSettings = resolve;
  });
  const connection = new AgentConnection({
    ...registration,
    credential,
    tunnel: createTunnelServer({ handler: (req, res) => handler(req, res), clock, log }),
    log,
    onCredential: (renewed) => api.use(renewed),
    onSettings: (settings) => gotSettings(settings),
  });
  connection.start();
  const remembered = await registration.store.loadSettings();
  const settings = remembered ?? (await firstSettings);

  const nodeRange = `${config.nodeIp}/32`;
  if (config.claimsNodeIp) await makeRangeLocal(nodeRange);
  const runtime = await openRuntime(config.runtime, { settings, nodeName, dataDir, log, clock });
  const kubelet = await startKubelet({
    client: api.client,
    runtime,
    nodeName,
    nodeIp: config.nodeIp,
    settings: { ...settings, version: AGENT_VERSION },
    dataDir,
    labels: config.labels,
    log,
    clock,
  });
  handler = kubelet.handler;

  const { dataplane } = config;
  const networked = runtime.abilities.programs && dataplane !== 'none';
  const proxy = networked
    ? startProxy({
        client: api.client,
        nodeName,
        zone: () => kubelet.nodeLabels()['topology.kubernetes.io/zone'],
        nodePortAddresses: config.nodePortAddresses,
        serviceCidr: settings.serviceCidr,
        ownAddresses: [settings.dnsIp],
        clusterId: settings.clusterId,
        dataplane,
        log,
      })
    : undefined;
  const dns = networked
    ? startDns({
        client: api.client,
        dnsIp: settings.dnsIp,
        serviceCidr: settings.serviceCidr,
        domain: settings.clusterDomain,
        clusterId: settings.clusterId,
        log,
      })
    : undefined;

  return {
    async stop({ pods }) {
      await (pods ? kubelet.stopPods() : kubelet.stop());
      await Promise.all([proxy?.stop(), dns?.stop()]);
      await connection.stop();
      if (pods && sharesHost(runtime)) await runtime.releaseHost();
      await runtime.close();
      await api.close();
      if (config.claimsNodeIp) await releaseRange(nodeRange);
    },
  };
}
