import type { Client } from '@wheelhouse/shared/client/client';
import { isAlreadyExists } from '@wheelhouse/shared/errors';
import { type Deployment, deploymentKind } from '@wheelhouse/shared/kinds/apps/deployment';
import { type Service, serviceKind } from '@wheelhouse/shared/kinds/core/service';

const NAMESPACE = 'default';
const LABELS = { app: 'hello' };

/**
 * The application of the first start: three replicas that say which pod on which node answered, behind a service
 * that is also open on every node. Its image is made on this machine, so it runs without any image registry.
 */
export const sampleDeployment: Deployment = {
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  metadata: { name: 'hello', namespace: NAMESPACE, labels: LABELS },
  spec: {
    replicas: 3,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        terminationGracePeriodSeconds: 5,
        containers: [
          {
            name: 'hello',
            image: 'wheelhouse/hello:1',
            imagePullPolicy: 'IfNotPresent',
            ports: [{ name: 'http', containerPort: 8080 }],
            env: [
              { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
              { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
              { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
              { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            ],
            readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 2 },
            resources: { requests: { cpu: '50m', memory: '48Mi' }, limits: { memory: '128Mi' } },
          },
        ],
      },
    },
  },
};

const sampleService: Service = {
  kind: 'Service',
  apiVersion: 'v1',
  metadata: { name: 'hello', namespace: NAMESPACE, labels: LABELS },
  spec: { type: 'NodePort', selector: LABELS, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
};

/** Creates the sample application; what is there already is left as it is. */
export async function createSampleApplication(client: Client): Promise<void> {
  const ifMissing = (error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  };
  await client.create(serviceKind, sampleService, { fieldManager: 'wheelhouse' }).catch(ifMissing);
  await client.create(deploymentKind, sampleDeployment, { fieldManager: 'wheelhouse' }).catch(ifMissing);
}

/** The node port of the sample's service, or undefined where there is no sample (any more). */
export async function sampleNodePort(client: Client): Promise<number | undefined> {
  const services = await client.list(serviceKind, { namespace: NAMESPACE, labelSelector: 'app=hello' });
  return services.items.find((service) => service.metadata.name === 'hello')?.spec?.ports?.[0]?.nodePort;
}
