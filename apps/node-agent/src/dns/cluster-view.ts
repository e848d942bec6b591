import type { Client } from '@wheelhouse/shared/client/client';
import { createInformer } from '@wheelhouse/shared/client/create-informer';
import { serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { endpointSliceKind } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import type { ClusterView } from './cluster-zone';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export interface LiveClusterView extends ClusterView {
  synced(): Promise<void>;
  stop(): void;
}

/** The cluster as DNS sees it, kept current by watches. */
export function createClusterView(client: Client, onError: (error: unknown) => void): LiveClusterView {
  const services = createInformer(client, serviceKind, {
    indexes: {
      address: (service) => service.spec?.clusterIPs ?? [],
      namespace: (service) => [service.metadata.namespace ?? ''],
    },
    onError,
  });
  const slices = createInformer(client, endpointSliceKind, {
    indexes: {
      service: (slice) => [`${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME_LABEL]}`],
      address: (slice) => slice.endpoints.flatMap((endpoint) => endpoint.addresses),
    },
    onError,
  });
  services.start();
  slices.start();

  const headlessNamesOf = (address: string): string[] =>
    slices.byIndex('address', address).flatMap((slice) => {
      const key = `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME_LABEL]}`;
      const service = services.get(key);
      if (service?.spec?.clusterIP !== 'None') return [];
      return slice.endpoints
        .filter((endpoint) => endpoint.addresses.includes(address))
        .map((endpoint) => {
          const host = endpoint.hostname ?? address.replaceAll('.', '-');
          return `${host}.${service.metadata.name}.${service.metadata.namespace}.svc`;
        });
    });

  return {
    service: (namespace, name) => services.get(`${namespace}/${name}`),
    slices: (namespace, service) => slices.byIndex('service', `${namespace}/${service}`),
    hasNamespace: (namespace) => services.byIndex('namespace', namespace).length > 0,
    namesOfAddress: (address) => [
      ...services
        .byIndex('address', address)
        .map(({ metadata }) => `${metadata.name}.${metadata.namespace}.svc`),
      ...headlessNamesOf(address),
    ],
    synced: async () => {
      await Promise.all([services.synced(), slices.synced()]);
    },
    stop: () => {
      services.stop();
      slices.stop();
    },
  };
}
