import type { Stored } from '@wheelhouse/shared/meta/object';
import type { ContainerPort, Pod, Service, ServiceSpec } from 'kubernetes-types/core/v1';

/** A pod as the endpoint tests write it. */
export interface ServingPod {
  readonly name: string;
  readonly ip?: string;
  readonly ready: boolean;
  readonly node?: string;
  readonly phase?: string;
  readonly deleting?: boolean;
  readonly ports?: ContainerPort[];
  readonly hostname?: string;
  readonly subdomain?: string;
}

export const serviceOf = (spec: ServiceSpec): Stored<Service> => ({
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { name: 'web', namespace: 'n', uid: 'service', resourceVersion: '1' },
  spec,
});

export function servingPod(given: ServingPod): Stored<Pod> {
  const { name, ip, ready, node, phase = 'Running', deleting, ports, hostname, subdomain } = given;
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name,
      namespace: 'n',
      uid: name,
      resourceVersion: '1',
      labels: { app: 'web' },
      ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      containers: [{ name: 'c', ...(ports ? { ports } : {}) }],
      ...(node ? { nodeName: node } : {}),
      ...(hostname ? { hostname } : {}),
      ...(subdomain ? { subdomain } : {}),
    },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      ...(ip ? { podIP: ip, podIPs: [{ ip }] } : {}),
    },
  };
}
