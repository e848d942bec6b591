import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import { type Service, serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import type { Logger } from 'pino';
import { acquireHostLock } from '../host/host-lock';
import { makeRangeLocal, releaseRange } from '../host/reachability';
import type { Dataplane, RuleProblem } from './dataplane';
import { NftablesDataplane } from './nftables/nftables-dataplane';
import { computeServiceRules } from './service-rules';
import { UserspaceDataplane } from './userspace/userspace-dataplane';

export interface ProxyOptions {
  readonly client: Client;
  readonly nodeName: string;
  /** The zone that the node's labels name now. */
  zone(): string | undefined;
  /** Addresses on which node ports answer. */
  readonly nodePortAddresses: readonly string[];
  readonly serviceCidr: string;
  /** Service addresses that this host answers on by other means (DNS). */
  readonly ownAddresses: readonly string[];
  /** Names the lock that agents of one cluster on one host share. */
  readonly clusterId: string;
  readonly dataplane: 'userspace' | 'nftables';
  readonly log: Logger;
}

export interface Proxy {
  stop(): Promise<void>;
}

/** Pause before a rule that could not be carried out is tried again. */
const RETRY_MS = 2_000;
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

/**
 * Keeps the node's dataplane true to services and endpoint slices. Changes that arrive in one turn of the event
 * loop are applied together, the next apply begins when the last one is through: never a queue, never a delay.
 *
 * Where several agents share a host, the first one answers on the cluster IPs for all, and the next takes over
 * the moment it goes; node ports are each agent's own, on its node's own addresses.
 */
export function startProxy(options: ProxyOptions): Proxy {
  const { client, log, nodeName } = options;
  const services = createInformer(client, serviceKind, {
    onError: (error) => log.warn({ err: error }, 'services'),
  });
  const slices = createInformer(client, endpointSliceKind, {
    indexes: {
      service: (slice) => [`${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME_LABEL]}`],
    },
    onError: (error) => log.warn({ err: error }, 'endpoint slices'),
  });
  const planes: Dataplane[] = [];
  let dirty = false;
  let applying: Promise<void> | undefined;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;

  const onProblem = ({ ruleId, message }: RuleProblem) => {
    log.warn({ rule: ruleId }, message);
    // Whoever holds the address may let it go without any object changing.
    retry ??= setTimeout(() => {
      retry = undefined;
      changed();
    }, RETRY_MS);
  };
  const createDataplane = (servesClusterIps: boolean, nodePortAddresses: readonly string[]): Dataplane =>
    options.dataplane === 'nftables'
      ? new NftablesDataplane({
          servesClusterIps,
          nodePortAddresses,
          table: `wheelhouse-${options.clusterId}-${servesClusterIps ? 'cluster' : nodeName}`,
          onProblem,
        })
      : new UserspaceDataplane({ servesClusterIps, nodePortAddresses, onProblem });

  const isProxied = (service: Service) => !options.ownAddresses.includes(service.spec?.clusterIP ?? '');
  const applyAll = async () => {
    while (dirty && !stopped) {
      dirty = false;
      const rules = computeServiceRules(
        services
          .list()
          .filter(isProxied)
          .map((service) => ({
            service,
            slices: slices.byIndex('service', `${service.metadata.namespace}/${service.metadata.name}`),
          })),
        nodeName,
        options.zone(),
      );
      await Promise.all(
        planes.map((plane) =>
          plane
            .apply(rules)
            .catch((error: unknown) => log.error({ err: error, dataplane: plane.name }, 'rules not applied')),
        ),
      );
    }
  };
  const changed = () => {
    if (!services.hasSynced || !slices.hasSynced) return;
    dirty = true;
    applying ??= Promise.resolve()
      .then(applyAll)
      .finally(() => {
        applying = undefined;
        if (dirty && !stopped) changed();
      });
  };

  if (options.nodePortAddresses.length > 0) planes.push(createDataplane(false, options.nodePortAddresses));
  const lock = acquireHostLock({
    name: `proxy-${options.clusterId}`,
    onError: (error) => log.error({ err: error }, 'cluster IPs are not served by this node'),
    onAcquired: () => {
      makeRangeLocal(options.serviceCidr).then(
        () => {
          if (stopped) return;
          log.info('serving cluster IPs on this host');
          planes.push(createDataplane(true, []));
          changed();
        },
        (error: Error) => log.error(error.message),
      );
    },
  });

  const handler = { added: changed, updated: changed, deleted: changed };
  services.subscribe(handler);
  slices.subscribe(handler);
  services.start();
  slices.start();
  Promise.all([services.synced(), slices.synced()]).then(changed, (error: unknown) =>
    log.error({ err: error }, 'proxy'),
  );

  return {
    async stop() {
      stopped = true;
      clearTimeout(retry);
      services.stop();
      slices.stop();
      await applying;
      const served = planes.length > (options.nodePortAddresses.length > 0 ? 1 : 0);
      await Promise.all(planes.map((plane) => plane.close()));
      if (served) await releaseRange(options.serviceCidr);
      await lock.release();
    },
  };
}
