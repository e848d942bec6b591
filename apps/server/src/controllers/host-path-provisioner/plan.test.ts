import { HOST_PATH_PROVISIONER } from '@wheelhouse/shared/kinds/core/volume-protocol';
import type { StorageClass } from '@wheelhouse/shared/kinds/storage/storage-class';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Node, PersistentVolumeClaimSpec } from 'kubernetes-types/core/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { planProvision } from './plan';

interface Case {
  readonly claim?: {
    readonly annotations?: Readonly<Record<string, string>>;
    readonly spec?: PersistentVolumeClaimSpec;
  };
  readonly storageClass?: Omit<Partial<StorageClass>, 'metadata'>;
  /** Each node with `ready` or `unready` and its zone. */
  readonly nodes?: Readonly<Record<string, string>>;
  /** It exists already. */
  readonly made?: boolean;
}

function nodeOf(name: string, text: string): Stored<Node> {
  const [state, zone = ''] = text.split(' ');
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata: {
      name,
      uid: name,
      resourceVersion: '1',
      labels: { 'kubernetes.io/hostname': `host-${name}`, 'topology.kubernetes.io/zone': zone },
    },
    status: { conditions: [{ type: 'Ready', status: state === 'ready' ? 'True' : 'False' }] },
  };
}

describe('planProvision', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ claim = {}, storageClass = {}, nodes = {}, made }) => {
    const plan = planProvision(
      {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        metadata: {
          name: 'c',
          namespace: 'n',
          uid: 'c1',
          resourceVersion: '1',
          annotations: {
            'volume.kubernetes.io/storage-provisioner': HOST_PATH_PROVISIONER,
            ...claim.annotations,
          },
        },
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
          storageClassName: 'standard',
          ...claim.spec,
        },
      },
      {
        storageClass: {
          kind: 'StorageClass',
          apiVersion: 'storage.k8s.io/v1',
          metadata: { name: 'standard', uid: 's', resourceVersion: '1' },
          provisioner: HOST_PATH_PROVISIONER,
          ...storageClass,
        },
        nodes: Object.entries(nodes).map(([name, text]) => nodeOf(name, text)),
        volume: () =>
          made
            ? {
                kind: 'PersistentVolume',
                apiVersion: 'v1',
                metadata: { name: 'v', uid: 'v', resourceVersion: '1' },
              }
            : undefined,
      },
    );
    if (plan.kind !== 'create') return plan;
    const { metadata, spec } = plan.volume;
    return {
      kind: plan.kind,
      name: metadata?.name,
      size: spec?.capacity?.storage,
      policy: spec?.persistentVolumeReclaimPolicy,
      claim: `${spec?.claimRef?.namespace}/${spec?.claimRef?.name}`,
      node: spec?.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values?.join(),
    };
  });
});
