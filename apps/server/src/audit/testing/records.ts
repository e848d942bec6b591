import { randomUUID } from 'node:crypto';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { AuditRecord } from '../audit-sink';

/** A record of a change to a deployment; tests replace what they care about. */
export function record(overrides: Partial<AuditRecord> = {}): AuditRecord {
  return {
    id: randomUUID(),
    time: new Date(),
    user: { name: 'jane', groups: ['dev', 'system:authenticated'] },
    verb: 'update',
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    namespace: 'default',
    name: 'web',
    uid: 'uid-web',
    before: deployment(3),
    after: deployment(8),
    responseCode: 200,
    resourceVersion: '42',
    sourceIp: '10.1.2.3',
    userAgent: 'kubectl/v1.33',
    ...overrides,
  };
}

export function deployment(replicas: number): KubeObject & { spec: { replicas: number } } {
  return {
    kind: 'Deployment',
    apiVersion: 'apps/v1',
    metadata: {
      name: 'web',
      namespace: 'default',
      resourceVersion: String(replicas),
      managedFields: [{ manager: 'kubectl' }],
    },
    spec: { replicas },
  };
}
