import type { Client } from '@wheelhouse/shared/client/client';
import { type Service, serviceKind } from '@wheelhouse/shared/kinds/core/service';
import { ensure } from '../http/bootstrap';

/**
 * Reserves the cluster's DNS address by the service that everybody looks for. It has no selector: every host
 * answers on the address itself.
 */
export async function ensureDnsService(client: Client, dnsIp: string): Promise<void> {
  const service: Service = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'kube-dns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
    spec: {
      clusterIP: dnsIp,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      ],
    },
  };
  await ensure(client, serviceKind, service);
}
