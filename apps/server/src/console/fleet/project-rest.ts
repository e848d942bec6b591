import type {
  FleetConfig,
  FleetEndpointSlice,
  FleetEvent,
  FleetNamespace,
  FleetService,
} from '@wheelhouse/shared/console/protocol';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { ConfigMap, Event, Namespace, Secret, Service } from 'kubernetes-types/core/v1';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import { base, clusterBase } from './project-base';

export function projectNamespace(namespace: Stored<Namespace>): FleetNamespace {
  const phase = namespace.metadata.deletionTimestamp ? 'Terminating' : (namespace.status?.phase ?? 'Active');
  return { resource: 'namespaces', ...clusterBase(namespace), phase };
}

export function projectService(service: Stored<Service>): FleetService {
  const { spec } = service;
  const selector = Object.entries(spec?.selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  return {
    resource: 'services',
    ...base(service),
    type: spec?.type ?? 'ClusterIP',
    ...(spec?.clusterIP ? { clusterIp: spec.clusterIP } : {}),
    ports: (spec?.ports ?? []).map(({ name, protocol, port, targetPort, nodePort }) => ({
      ...(name ? { name } : {}),
      protocol: protocol ?? 'TCP',
      port,
      target: String(targetPort ?? port),
      ...(nodePort ? { nodePort } : {}),
    })),
    ...(selector ? { selector } : {}),
  };
}

export function projectEndpointSlice(slice: Stored<EndpointSlice>): FleetEndpointSlice {
  return {
    resource: 'endpointslices',
    ...base(slice),
    service: slice.metadata.labels?.['kubernetes.io/service-name'] ?? '',
    endpoints: slice.endpoints.map(({ addresses, conditions, targetRef }) => ({
      ip: addresses[0] ?? '',
      ...(targetRef?.kind === 'Pod' && targetRef.name ? { pod: targetRef.name } : {}),
      // Kubernetes: unknown readiness counts as ready.
      ready: conditions?.ready ?? true,
    })),
  };
}

export function projectEvent(event: Stored<Event>): FleetEvent {
  const { involvedObject: about, series, metadata } = event;
  const last =
    series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? metadata.creationTimestamp ?? '';
  const source = event.source?.component ?? event.reportingComponent;
  return {
    resource: 'events',
    ...base(event),
    type: event.type ?? 'Normal',
    reason: event.reason ?? '',
    message: event.message ?? '',
    count: series?.count ?? event.count ?? 1,
    last,
    about: {
      kind: about.kind ?? '',
      ...(about.namespace ? { namespace: about.namespace } : {}),
      name: about.name ?? '',
    },
    ...(source ? { source } : {}),
  };
}

export const projectConfigMap = (map: Stored<ConfigMap>): FleetConfig => ({
  resource: 'configmaps',
  ...base(map),
  keys: [...Object.keys(map.data ?? {}), ...Object.keys(map.binaryData ?? {})].sort(),
});

/** Names only: what a secret holds is never sent without being asked for. */
export const projectSecret = (secret: Stored<Secret>): FleetConfig => ({
  resource: 'secrets',
  ...base(secret),
  type: secret.type ?? 'Opaque',
  keys: Object.keys(secret.data ?? {}).sort(),
});
