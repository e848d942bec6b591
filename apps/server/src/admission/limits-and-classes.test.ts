import { MemoryClient } from '@wheelhouse/shared/client/testing/memory-client';
import { isNotFound } from '@wheelhouse/shared/errors';
import { limitRangeKind } from '@wheelhouse/shared/kinds/core/limit-range';
import { persistentVolumeClaimKind } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { ingressKind } from '@wheelhouse/shared/kinds/networking/ingress';
import { ingressClassKind } from '@wheelhouse/shared/kinds/networking/ingress-class';
import { runtimeClassKind } from '@wheelhouse/shared/kinds/node/runtime-class';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type {
  LimitRangeItem,
  PersistentVolumeClaim,
  Pod,
  ResourceRequirements,
} from 'kubernetes-types/core/v1';
import type { Ingress } from 'kubernetes-types/networking/v1';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AdmissionAttributes, AdmissionReader } from './admission';
import { defaultIngressClass } from './default-ingress-class';
import { limitRanger } from './limit-ranger';
import { runtimeClass } from './runtime-class';

let client: MemoryClient;
beforeEach(() => {
  client = new MemoryClient();
});

async function admit<T extends KubeObject>(
  object: T,
  attributes: Partial<AdmissionAttributes> = {},
): Promise<T> {
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
    object,
    oldObject: undefined,
    user: { name: 'jane', groups: [] },
    dryRun: false,
    reader,
    ...attributes,
  };
  const plugins = [limitRanger, runtimeClass, defaultIngressClass];
  for (const plugin of plugins) await plugin.admit?.(full);
  for (const plugin of plugins) await plugin.validate?.(full);
  return object;
}

const pod = (resources?: ResourceRequirements, more: Partial<Pod['spec']> = {}): Pod => ({
  metadata: { name: 'x', namespace: 'ns' },
  spec: { containers: [{ name: 'c', image: 'i', ...(resources ? { resources } : {}) }], ...more },
});

const limits = (...items: LimitRangeItem[]) =>
  client.create(limitRangeKind, { metadata: { name: 'l', namespace: 'ns' }, spec: { limits: items } });

describe('limit ranges', () => {
  it('fill what containers leave open, and say so', async () => {
    await limits({
      type: 'Container',
      default: { cpu: '200m', memory: '128Mi' },
      defaultRequest: { cpu: '100m' },
    });
    const admitted = await admit(pod({ limits: { memory: '64Mi' } }));
    expect(admitted.spec?.containers[0]?.resources).toEqual({
      limits: { memory: '64Mi', cpu: '200m' },
      requests: { cpu: '100m' },
    });
    expect(admitted.metadata?.annotations).toEqual({
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
    });
  });

  it.each<[string, LimitRangeItem, ResourceRequirements | undefined, string | undefined]>([
    [
      'too little',
      { type: 'Container', min: { cpu: '100m' } },
      { requests: { cpu: '50m' } },
      'minimum cpu usage per Container is 100m, but request is 50m',
    ],
    [
      'nothing',
      { type: 'Container', min: { cpu: '100m' } },
      undefined,
      'minimum cpu usage per Container is 100m.  No request is specified',
    ],
    [
      'too much',
      { type: 'Pod', max: { memory: '1Gi' } },
      { limits: { memory: '1025Mi' } },
      'maximum memory usage per Pod is 1Gi, but limit is 1025Mi',
    ],
    [
      'a limit far from the request',
      { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      { requests: { cpu: '100m' }, limits: { cpu: '300m' } },
      'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
    ],
    ['enough', { type: 'Container', min: { cpu: '100m' } }, { requests: { cpu: '0.1' } }, undefined],
  ])('%s', async (_title, item, resources, problem) => {
    await limits(item);
    const admitted = admit(pod(resources));
    if (problem === undefined) await expect(admitted).resolves.toBeDefined();
    else
      await expect(admitted).rejects.toMatchObject({
        code: 403,
        message: `pods "x" is forbidden: ${problem}`,
      });
  });

  it('name all that is wrong', async () => {
    await limits({ type: 'Container', min: { cpu: '1', memory: '1Gi' } });
    await expect(admit(pod({ requests: { cpu: '1m', memory: '1Mi' } }))).rejects.toThrow(
      'forbidden: [minimum cpu usage per Container is 1, but request is 1m, minimum memory usage per Container is 1Gi, but request is 1Mi]',
    );
  });

  it('bind claims, also when they grow', async () => {
    await limits({ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } });
    const claim: PersistentVolumeClaim = {
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
    };
    for (const operation of ['create', 'update'] as const) {
      await expect(admit(claim, { kind: persistentVolumeClaimKind, operation })).rejects.toThrow(
        'maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
      );
    }
  });
});

describe('runtime classes', () => {
  it('give pods their overhead and placement', async () => {
    await client.create(runtimeClassKind, {
      metadata: { name: 'micro' },
      handler: 'vm',
      overhead: { podFixed: { memory: '64Mi' } },
      scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
    });
    const { spec } = await admit(
      pod(undefined, { runtimeClassName: 'micro', nodeSelector: { disk: 'ssd' } }),
    );
    expect(spec).toMatchObject({
      overhead: { memory: '64Mi' },
      nodeSelector: { disk: 'ssd', vm: 'yes' },
      tolerations: [{ key: 'vm', operator: 'Exists' }],
    });
    await expect(
      admit(pod(undefined, { runtimeClassName: 'micro', nodeSelector: { vm: 'no' } })),
    ).rejects.toThrow(/conflict: runtimeClass/);
  });

  it('have to exist, and overhead comes from them alone', async () => {
    await expect(admit(pod(undefined, { runtimeClassName: 'none' }))).rejects.toThrow(
      'pods "x" is forbidden: pod rejected: RuntimeClass "none" not found',
    );
    await expect(admit(pod(undefined, { overhead: { cpu: '1' } }))).rejects.toMatchObject({ code: 403 });
  });
});

it('ingresses that name no class get the default one', async () => {
  const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
  await client.create(ingressClassKind, {
    metadata: { name: 'edge', annotations },
    spec: { controller: 'a/b' },
  });
  const given = await admit<Ingress>({ spec: { ingressClassName: 'own' } }, { kind: ingressKind });
  const open = await admit<Ingress>({ spec: {} }, { kind: ingressKind });
  expect([given.spec, open.spec]).toEqual([{ ingressClassName: 'own' }, { ingressClassName: 'edge' }]);
});
