import type { Client } from '@wheelhouse/shared/client/client';
import type { Logger } from 'pino';
import { acquireHostLock } from '../host/host-lock';
import { makeRangeLocal } from '../host/reachability';
import { createClusterView } from './cluster-view';
import { DnsServer } from './dns-server';
import { createUpstream, hostNameServers } from './upstream';

export interface DnsOptions {
  readonly client: Client;
  /** The cluster's DNS address, out of the service range. */
  readonly dnsIp: string;
  readonly serviceCidr: string;
  readonly domain: string;
  readonly clusterId: string;
  readonly log: Logger;
}

const PORT = 53;

/**
 * The cluster's name server, on the DNS service address of each host. Where several agents share a host one of
 * them answers, and the next takes over the moment it goes.
 */
export function startDns(options: DnsOptions): { stop(): Promise<void> } {
  const { log, dnsIp } = options;
  let view: ReturnType<typeof createClusterView> | undefined;
  let server: DnsServer | undefined;
  let stopped = false;

  const serve = async () => {
    await makeRangeLocal(options.serviceCidr);
    if (stopped) return;
    view = createClusterView(options.client, (error) =>
      log.warn({ err: error }, 'DNS: the cluster cannot be read'),
    );
    // Until everything is known, a missing name would be a lie.
    await view.synced();
    if (stopped) return;
    server = new DnsServer({
      view,
      domain: options.domain,
      upstream: createUpstream(hostNameServers(dnsIp)),
    });
    await server.listen(dnsIp, PORT);
    log.info({ address: dnsIp }, 'serving DNS on this host');
  };
  const failed = (error: Error) => log.warn(`names are not resolved by this node: ${error.message}`);
  const lock = acquireHostLock({
    name: `dns-${options.clusterId}`,
    onError: failed,
    onAcquired: () => {
      serve().catch(failed);
    },
  });

  return {
    async stop() {
      stopped = true;
      view?.stop();
      server?.close();
      await lock.release();
    },
  };
}
