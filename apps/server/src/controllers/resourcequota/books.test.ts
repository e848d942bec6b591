import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, ResourceQuota } from 'kubernetes-types/core/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { extended, isOutdated, recounted, releaseOf } from './books';

interface Case {
  readonly quota: ResourceQuota;
  /** Each pod with its phase and what it asks for, e.g. `Running 100m 1Gi`. */
  readonly pods?: Readonly<Record<string, string>>;
  readonly configMaps?: number;
  /** A pod of these that is being looked at for what it gives back. */
  readonly gone?: string;
  readonly becomes?: string;
}

function podOf(name: string, text: string): Stored<Pod> {
  const [phase = '', cpu, memory] = text.split(' ');
  const requests = { ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) };
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name, namespace: 'n', uid: name, resourceVersion: '1' },
    spec: { containers: [{ name: 'c', resources: { requests } }] },
    status: { phase },
  };
}

describe('books of quotas', () => {
  goldenCases<Case>(import.meta.url, 'books', ({ quota, pods = {}, configMaps = 0, gone, becomes }) => {
    const contents = new Map<ResourceType, Stored<KubeObject>[]>([
      [podKind, Object.entries(pods).map(([name, text]) => podOf(name, text))],
      [
        configMapKind,
        Array.from({ length: configMaps }, (_, i) => ({
          kind: 'ConfigMap',
          apiVersion: 'v1',
          metadata: { name: `m${i}`, namespace: 'n', uid: `m${i}`, resourceVersion: '1' },
        })),
      ],
    ]);
    if (gone) {
      const next = becomes ? podOf('p', becomes) : undefined;
      return releaseOf(quota, podKind, podOf('p', gone), next);
    }
    const outdated = isOutdated(quota) && quota.status?.used !== undefined;
    return (outdated ? extended(quota, contents) : recounted(quota, contents)) ?? 'no change';
  });
});
