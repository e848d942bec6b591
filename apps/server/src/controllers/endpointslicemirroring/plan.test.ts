import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Endpoints, Service } from 'kubernetes-types/core/v1';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { inherited, isMirrored, planMirror } from './plan';

interface Case {
  readonly endpoints: Endpoints;
  readonly service?: Service;
  /** By name. */
  readonly slices?: Readonly<Record<string, Omit<EndpointSlice, 'metadata'>>>;
}

describe('endpoint slice mirroring', () => {
  goldenCases<Case>(import.meta.url, 'plan', ({ endpoints, service, slices = {} }) => {
    if (!isMirrored(endpoints, service)) return { mirrored: false };
    const existing = Object.entries(slices).map(
      ([name, slice]): Stored<EndpointSlice> => ({
        kind: 'EndpointSlice',
        apiVersion: 'discovery.k8s.io/v1',
        metadata: { name, namespace: 'n', uid: name, resourceVersion: '1' },
        ...slice,
      }),
    );
    const { create, update, remove } = planMirror(endpoints, existing);
    return {
      ...inherited(endpoints),
      create,
      update: Object.fromEntries(update.map(({ slice, endpoints }) => [slice.metadata.name, endpoints])),
      remove: remove.map(({ metadata }) => metadata.name),
    };
  });
});
