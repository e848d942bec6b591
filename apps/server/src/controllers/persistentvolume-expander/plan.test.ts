import { HOST_PATH_DRIVER } from '@wheelhouse/shared/kinds/core/volume-protocol';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { planExpansion } from './plan';

interface Case {
  readonly wanted: string;
  readonly held: string;
  /** Of the volume. */
  readonly size: string;
  readonly driver?: string;
  readonly resizing?: boolean;
  readonly phase?: string;
  readonly anothers?: boolean;
}

describe('planExpansion', () => {
  goldenCases<Case>(import.meta.url, 'plan', (given) => {
    const { wanted, held, size, driver = HOST_PATH_DRIVER, resizing, phase = 'Bound', anothers } = given;
    const plan = planExpansion(
      {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        metadata: { name: 'c', namespace: 'n', uid: 'c', resourceVersion: '1' },
        spec: { resources: { requests: { storage: wanted } } },
        status: {
          phase,
          capacity: { storage: held },
          ...(resizing ? { conditions: [{ type: 'Resizing', status: 'True' }] } : {}),
        },
      },
      {
        kind: 'PersistentVolume',
        apiVersion: 'v1',
        metadata: { name: 'v', uid: 'v', resourceVersion: '1' },
        spec: {
          capacity: { storage: size },
          claimRef: { name: 'c', namespace: 'n', uid: anothers ? 'd' : 'c' },
          csi: { driver, volumeHandle: 'v' },
        },
      },
      new Date('2026-01-01T00:00:00Z'),
    );
    if (plan.kind === 'begin' || plan.kind === 'finish')
      return { kind: plan.kind, status: plan.claim.status };
    return plan.kind === 'grow-volume' ? { kind: plan.kind, capacity: plan.volume.spec?.capacity } : plan;
  });
});
