import type { Container, Node, Pod, PodSpec } from 'kubernetes-types/core/v1';

export interface NodeParts {
  readonly name: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Record<string, string>;
  readonly spec?: Node['spec'];
  readonly extended?: Record<string, string>;
}

/** A node as the API stores it, with what a test wants to say about it. */
export function testNode({ name, labels = {}, spec = {}, ...parts }: NodeParts): Node {
  const allocatable = {
    cpu: parts.cpu ?? '4',
    memory: parts.memory ?? '8Gi',
    pods: parts.pods ?? '110',
    ...parts.extended,
  };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { capacity: allocatable, allocatable },
  };
}

export interface PodParts {
  readonly name: string;
  readonly namespace?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly labels?: Record<string, string>;
  readonly owner?: string;
  readonly node?: string;
  readonly spec?: Partial<PodSpec>;
  readonly container?: Partial<Container>;
  readonly status?: Pod['status'];
}

export function testPod({ name, namespace = 'default', ...parts }: PodParts): Pod {
  const requests = {
    ...(parts.cpu ? { cpu: parts.cpu } : {}),
    ...(parts.memory ? { memory: parts.memory } : {}),
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: `uid-${namespace}-${name}`,
      ...(parts.labels ? { labels: parts.labels } : {}),
      ...(parts.owner
        ? {
            ownerReferences: [
              {
                apiVersion: 'apps/v1',
                kind: 'ReplicaSet',
                name: parts.owner,
                uid: parts.owner,
                controller: true,
              },
            ],
          }
        : {}),
    },
    spec: {
      schedulerName: 'default-scheduler',
      containers: [{ name: 'main', image: 'sample', resources: { requests }, ...parts.container }],
      ...(parts.node ? { nodeName: parts.node } : {}),
      ...parts.spec,
    },
    ...(parts.status ? { status: parts.status } : {}),
  };
}
