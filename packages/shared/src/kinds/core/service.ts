import type { Service } from 'kubernetes-types/core/v1';
import type { FieldError } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { ageColumn, formatLabels, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { dropTypeDependent, keepAllocated, normalizeClusterIps } from './service-allocation';
import { validateLoadBalancerStatus } from './service-status';
import { validateServiceUpdate } from './service-update';
import { isExternallyAccessible, validateService } from './service-validation';

export type { Service };

export const serviceKind: KindDefinition<Service> = {
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  singular: 'service',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Service',
  nameRule: 'dns-1035-label',
  status: true,
  hasGeneration: false,
  deleteReturnsObject: true,
  subresources: [
    {
      name: 'proxy',
      kind: 'ServiceProxyOptions',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
  ],
  selectableFields: {
    'spec.clusterIP': (service) => service.spec?.clusterIP ?? '',
    'spec.type': (service) => service.spec?.type ?? '',
  },
  columns: [
    nameColumn,
    {
      name: 'Type',
      type: 'string',
      description: 'How the service is exposed.',
      cell: ({ spec }) => spec?.type ?? '',
    },
    {
      name: 'Cluster-IP',
      type: 'string',
      description: 'The address of the service within the cluster.',
      cell: ({ spec }) => spec?.clusterIP || '<none>',
    },
    {
      name: 'External-IP',
      type: 'string',
      description: 'Addresses by which the service is reached from outside.',
      cell: externalIp,
    },
    {
      name: 'Port(s)',
      type: 'string',
      description: 'The ports of the service, with their node ports.',
      cell: ({ spec }) => {
        const ports = (spec?.ports ?? []).map(({ port, nodePort, protocol }) =>
          nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
        );
        return ports.join(',') || '<none>';
      },
    },
    ageColumn,
    {
      name: 'Selector',
      type: 'string',
      priority: 1,
      description: 'Which pods the service leads to.',
      cell: ({ spec }) => formatLabels(spec?.selector),
    },
  ],
  default: defaultService,
  prepareForCreate(service) {
    normalizeClusterIps(service);
    dropTypeDependent(service, undefined);
    setStatus(service, { loadBalancer: {} });
  },
  prepareForUpdate(next, previous) {
    keepStatus(next, previous);
    keepAllocated(next, previous);
    normalizeClusterIps(next, previous);
    dropTypeDependent(next, previous);
  },
  prepareForStatusUpdate: keepAllButStatus,
  validate: (service): FieldError[] => validateService(service),
  validateUpdate: validateServiceUpdate,
  validateStatusUpdate: validateLoadBalancerStatus,
};

function defaultService(service: Service): void {
  service.spec ??= {};
  const { spec } = service;
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP') {
    spec.sessionAffinityConfig ??= {};
    spec.sessionAffinityConfig.clientIP ??= {};
    spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= 10800;
  }
  spec.type ??= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === '' || port.targetPort === 0)
      port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ??= 'Cluster';
  for (const point of service.status?.loadBalancer?.ingress ?? []) if (point.ip) point.ipMode ??= 'VIP';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  if (spec.type !== 'ExternalName') {
    spec.internalTrafficPolicy ??= 'Cluster';
    // One family until there are clusters with two.
    spec.ipFamilies ??= ['IPv4'];
    spec.ipFamilyPolicy ??= 'SingleStack';
  }
}

function externalIp({ spec, status }: Service): string {
  const own = spec?.externalIPs ?? [];
  switch (spec?.type) {
    case 'LoadBalancer': {
      const given = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip || hostname || []);
      return [...[...new Set(given)].sort(), ...own].join(',') || '<pending>';
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return own.join(',') || '<none>';
  }
}
