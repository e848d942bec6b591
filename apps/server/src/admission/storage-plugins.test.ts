import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { isNotFound } from '@wheelhouse/shared/errors';
import { persistentVolumeKind } from '@wheelhouse/shared/kinds/core/persistent-volume';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaimKind,
} from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import { storageClassKind } from '@wheelhouse/shared/kinds/storage/storage-class';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { Pod } from 'kubernetes-types/core/v1';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AdmissionAttributes, AdmissionReader } from './admission';
import { createDefaultPlugins } from './default-plugins';

let client: MemoryClient;
const NAMES = [
  'ServiceAccount',
  'StorageObjectInUseProtection',
  'PersistentVolumeClaimResize',
  'DefaultStorageClass',
];

async function admit<T extends KubeObject>(attributes: Partial<AdmissionAttributes> & { object: T }) {
  const reader: AdmissionReader = {
    get: (type, ref) =>
      client.get(type, ref).catch((error) => {
        if (isNotFound(error)) return undefined;
        throw error;
      }),
    list: async (type, namespace) => (await client.list(type, { namespace })).items,
  };
  const full: AdmissionAttributes = {
    operation: 'create',
    kind: podKind,
    subresource: undefined,
    namespace: 'ns',
    name: 'x',
    refusalName: attributes.name ?? 'x',
    oldObject: undefined,
    user: { name: 'jane', groups: [] },
    dryRun: false,
    reader,
    ...attributes,
  };
  const plugins = createDefaultPlugins().filter(({ name }) => NAMES.includes(name));
  expect(plugins).toHaveLength(NAMES.length);
  for (const plugin of plugins) await plugin.admit?.(full);
  for (const plugin of plugins) await plugin.validate?.(full);
  return attributes.object;
}

const claim = (storage = '1Gi', spec: object = {}): PersistentVolumeClaim => ({
  metadata: { name: 'c', namespace: 'ns' },
  spec: { resources: { requests: { storage } }, ...spec },
});

beforeEach(() => {
  client = new MemoryClient();
});

describe('volumes and claims', () => {
  it('are protected from their first moment', async () => {
    const made = await admit({ kind: persistentVolumeClaimKind, object: claim() });
    expect(made.metadata?.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    const volume = await admit({ kind: persistentVolumeKind, object: { metadata: { name: 'v' } } });
    expect(volume.metadata?.finalizers).toEqual(['kubernetes.io/pv-protection']);
  });

  it('get the default class unless they name one, even if none', async () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    await client.create(storageClassKind, { metadata: { name: 'other' }, provisioner: 'p' });
    await client.create(storageClassKind, { metadata: { name: 'standard', annotations }, provisioner: 'p' });
    const kind = persistentVolumeClaimKind;
    expect((await admit({ kind, object: claim() })).spec?.storageClassName).toBe('standard');
    const without = claim('1Gi', { storageClassName: '' });
    expect((await admit({ kind, object: without })).spec?.storageClassName).toBe('');
  });

  it('grow only where their class lets them, once they are bound', async () => {
    await client.create(storageClassKind, { metadata: { name: 'fixed' }, provisioner: 'p' });
    await client.create(storageClassKind, {
      metadata: { name: 'elastic' },
      provisioner: 'p',
      allowVolumeExpansion: true,
    });
    const grow = (storageClassName: string, phase: string) =>
      admit({
        kind: persistentVolumeClaimKind,
        operation: 'update',
        object: claim('2Gi', { storageClassName }),
        oldObject: { ...claim('1Gi', { storageClassName }), status: { phase } } as KubeObject,
      });
    await grow('elastic', 'Bound');
    await expect(grow('elastic', 'Pending')).rejects.toMatchObject({ code: 403 });
    await expect(grow('fixed', 'Bound')).rejects.toMatchObject({ code: 403 });
  });
});

describe('tokens of service accounts', () => {
  const pod = (spec: Partial<Pod['spec']> = {}): Pod => ({
    metadata: { name: 'x', namespace: 'ns' },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  });

  it('are mounted where clients look for them', async () => {
    const { spec } = await admit({ object: pod({ initContainers: [{ name: 'i', image: 'i' }] }) });
    const [volume] = spec?.volumes ?? [];
    expect(volume?.name).toMatch(/^kube-api-access-[a-z0-9]{5}$/);
    expect(volume?.projected?.sources?.[0]).toEqual({
      serviceAccountToken: { expirationSeconds: 3607, path: 'token' },
    });
    const mount = {
      name: volume?.name,
      readOnly: true,
      mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
    };
    expect(spec?.containers[0]?.volumeMounts).toEqual([mount]);
    expect(spec?.initContainers?.[0]?.volumeMounts).toEqual([mount]);
  });

  it('are not where pod or account object; the pod has the last word', async () => {
    const account = { metadata: { name: 'shy', namespace: 'ns' }, automountServiceAccountToken: false };
    await client.create(serviceAccountKind, { ...account, imagePullSecrets: [{ name: 'pull' }] });
    const shy = { serviceAccountName: 'shy' };
    const { spec } = await admit({ object: pod(shy) });
    expect(spec?.volumes).toBeUndefined();
    expect(spec?.imagePullSecrets).toEqual([{ name: 'pull' }]);
    const asking = await admit({ object: pod({ ...shy, automountServiceAccountToken: true }) });
    expect(asking.spec?.volumes).toHaveLength(1);
    const refusing = await admit({ object: pod({ automountServiceAccountToken: false }) });
    expect(refusing.spec?.volumes).toBeUndefined();
  });

  it('stay when the pod is written again from its manifest', async () => {
    const oldObject = await admit({ object: pod() });
    const next = await admit({ operation: 'update', object: pod(), oldObject });
    expect(next.spec).toEqual(oldObject.spec);
    const patched = pod({ volumes: structuredClone(oldObject.spec?.volumes ?? []) });
    expect((await admit({ operation: 'update', object: patched, oldObject })).spec).toEqual(oldObject.spec);
  });
});
