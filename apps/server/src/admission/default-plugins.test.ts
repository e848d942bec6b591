import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { isNotFound } from '@wheelhouse/shared/errors';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Node, Pod } from 'kubernetes-types/core/v1';
import { beforeEach, describe, expect, it } from 'vitest';
import { nodeUser } from '../auth/node-identity';
import type { AdmissionAttributes, AdmissionReader } from './admission';
import { createDefaultPlugins } from './default-plugins';

const client = new MemoryClient();
const reader: AdmissionReader = {
  get: (type, ref) =>
    client.get(type, ref).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    }),
  list: async (type, namespace) => (await client.list(type, { namespace })).items,
};

async function admit(attributes: Partial<AdmissionAttributes>): Promise<KubeObject | undefined> {
  const full: AdmissionAttributes = {
    operation: 'create',
    kind: podKind,
    subresource: undefined,
    namespace: 'ns',
    name: 'x',
    refusalName: attributes.name ?? 'x',
    object: undefined,
    oldObject: undefined,
    user: { name: 'jane', groups: [] },
    dryRun: false,
    reader,
    ...attributes,
  };
  for (const plugin of createDefaultPlugins()) await plugin.admit?.(full);
  for (const plugin of createDefaultPlugins()) await plugin.validate?.(full);
  return full.object;
}

const pod = (spec: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name: 'x', namespace: 'ns' },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
});

beforeEach(async () => {
  if (!(await reader.get(namespaceKind, { name: 'ns' })))
    await client.create(namespaceKind, { metadata: { name: 'ns' } });
});

describe('namespace lifecycle', () => {
  it('answers 404 for a missing namespace and 403 with its cause for one that goes away', async () => {
    await expect(admit({ kind: configMapKind, namespace: 'none', object: {} })).rejects.toMatchObject({
      code: 404,
      message: 'namespaces "none" not found',
    });
    await client.create(namespaceKind, { metadata: { name: 'going', finalizers: ['x'] } });
    await client.delete(namespaceKind, { name: 'going' });
    await expect(
      admit({ kind: configMapKind, namespace: 'going', name: 'b', object: {} }),
    ).rejects.toMatchObject({
      status: {
        message:
          'configmaps "b" is forbidden: unable to create new content in namespace going because it is being terminated',
        reason: 'Forbidden',
        details: { name: 'b', kind: 'configmaps', causes: [{ reason: 'NamespaceTerminating' }] },
      },
    });
  });

  it('protects the namespaces that everything needs', async () => {
    const request = { operation: 'delete', kind: namespaceKind, namespace: undefined } as const;
    await expect(admit({ ...request, name: 'kube-system' })).rejects.toMatchObject({ code: 403 });
    await admit({ ...request, name: 'mine' });
  });
});

describe('pods', () => {
  it('get a service account, tolerations and a priority', async () => {
    const { spec } = (await admit({ object: pod() })) as Pod;
    expect(spec).toMatchObject({ serviceAccountName: 'default', serviceAccount: 'default', priority: 0 });
    expect(spec?.tolerations?.map(({ key, tolerationSeconds }) => [key, tolerationSeconds])).toEqual([
      ['node.kubernetes.io/not-ready', 300],
      ['node.kubernetes.io/unreachable', 300],
    ]);
  });

  it('keep their own answer to failing nodes', async () => {
    const tolerations = [{ operator: 'Exists' }];
    const { spec } = (await admit({ object: pod({ tolerations }) })) as Pod;
    expect(spec?.tolerations).toEqual(tolerations);
  });

  it('keep account and priority when a replacement leaves them out', async () => {
    const previous = (await admit({
      object: pod({ serviceAccountName: 'robot', priorityClassName: 'system-node-critical' }),
    })) as Pod;
    const { spec } = (await admit({ operation: 'update', object: pod(), oldObject: previous })) as Pod;
    expect(spec).toMatchObject({ serviceAccountName: 'robot', priority: 2_000_001_000 });
  });

  it('may not name a priority class that does not exist, nor choose their number', async () => {
    await expect(admit({ object: pod({ priorityClassName: 'vip' }) })).rejects.toMatchObject({ code: 403 });
    await expect(admit({ object: pod({ priority: 7 }) })).rejects.toMatchObject({ code: 403 });
  });
});

describe('node restriction', () => {
  const user = nodeUser('a');
  const node = (name: string, extra: Partial<Node> = {}): Node => ({ metadata: { name }, ...extra });
  const onNode = { user, kind: nodeKind, namespace: undefined } as const;

  it('lets a node write itself only', async () => {
    await admit({ ...onNode, name: 'a', object: node('a') });
    await expect(admit({ ...onNode, name: 'b', object: node('b') })).rejects.toMatchObject({ code: 403 });
    await expect(
      admit({ ...onNode, operation: 'delete', name: 'a', oldObject: node('a') }),
    ).rejects.toMatchObject({
      code: 403,
    });
  });

  it('lets a node neither choose labels that steer pods nor lift its taints', async () => {
    const labelled = (labels: Record<string, string>) => node('a', { metadata: { name: 'a', labels } });
    await admit({ ...onNode, name: 'a', object: labelled({ 'kubernetes.io/hostname': 'a', disk: 'fast' }) });
    const steering = labelled({ 'node-restriction.kubernetes.io/trusted': 'yes' });
    await expect(admit({ ...onNode, name: 'a', object: steering })).rejects.toMatchObject({ code: 403 });
    const tainted = node('a', { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } });
    await expect(
      admit({ ...onNode, operation: 'update', name: 'a', object: node('a'), oldObject: tainted }),
    ).rejects.toMatchObject({ code: 403 });
  });

  it('lets a node change the status of its own pods only, and create none', async () => {
    const mine = pod({ nodeName: 'a' });
    const others = pod({ nodeName: 'b' });
    const status = { user, operation: 'update', subresource: 'status' } as const;
    await admit({ ...status, object: mine, oldObject: mine });
    await expect(admit({ ...status, object: mine, oldObject: others })).rejects.toMatchObject({ code: 403 });
    await expect(admit({ user, object: mine })).rejects.toMatchObject({ code: 403 });
    await expect(admit({ user, operation: 'delete', oldObject: others })).rejects.toMatchObject({
      code: 403,
    });
  });
});
