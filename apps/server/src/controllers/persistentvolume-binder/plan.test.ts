import type { PersistentVolume } from '@wheelhouse/shared/kinds/core/persistent-volume';
import type { PersistentVolumeClaim } from '@wheelhouse/shared/kinds/core/persistent-volume-claim';
import type { StorageClass } from '@wheelhouse/shared/kinds/storage/storage-class';
import type { Stored } from '@wheelhouse/shared/meta/object';
import { describe } from 'vitest';
import { goldenCases } from '../testing/golden';
import { planClaim, planVolume } from './plan';

type Part<T> = Omit<Partial<T>, 'metadata'> & { metadata?: object };

interface ClaimCase {
  readonly claim: Part<PersistentVolumeClaim>;
  readonly volumes?: Readonly<Record<string, Part<PersistentVolume>>>;
  readonly classes?: Readonly<Record<string, Part<StorageClass>>>;
  readonly defaultClass?: string;
  readonly pods?: readonly string[];
}

interface VolumeCase {
  readonly volume: Part<PersistentVolume>;
  readonly claim?: Part<PersistentVolumeClaim>;
}

const claimOf = (part: Part<PersistentVolumeClaim>): Stored<PersistentVolumeClaim> => ({
  kind: 'PersistentVolumeClaim',
  apiVersion: 'v1',
  ...part,
  metadata: { name: 'c', namespace: 'n', uid: 'c1', resourceVersion: '1', ...part.metadata },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...part.spec },
});

const volumeOf = (name: string, part: Part<PersistentVolume>): Stored<PersistentVolume> => ({
  kind: 'PersistentVolume',
  apiVersion: 'v1',
  status: { phase: 'Available' },
  ...part,
  metadata: { name, uid: name, resourceVersion: '1', ...part.metadata },
  spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...part.spec },
});

const classOf = (name: string, part: Part<StorageClass>): Stored<StorageClass> => ({
  kind: 'StorageClass',
  apiVersion: 'storage.k8s.io/v1',
  provisioner: 'example.com/disks',
  ...part,
  metadata: { name, uid: name, resourceVersion: '1', ...part.metadata },
});

/** The plan with names in place of objects. */
const named = (plan: object) =>
  Object.fromEntries(
    Object.entries(plan).map(([key, value]) => [key, key === 'volume' ? value.metadata.name : value]),
  );

describe('planClaim', () => {
  goldenCases<ClaimCase>(
    import.meta.url,
    'claims',
    ({ claim, volumes = {}, classes = {}, defaultClass, pods = [] }) => {
      const all = Object.entries(volumes).map(([name, part]) => volumeOf(name, part));
      const storageClass = (name: string) => {
        const part = classes[name];
        return part && classOf(name, part);
      };
      return named(
        planClaim(claimOf(claim), {
          candidates: all,
          volume: (name) => all.find(({ metadata }) => metadata.name === name),
          storageClass,
          defaultClass: () => (defaultClass ? storageClass(defaultClass) : undefined),
          waitingPods: () => pods,
        }),
      );
    },
  );
});

describe('planVolume', () => {
  goldenCases<VolumeCase>(import.meta.url, 'volumes', ({ volume, claim }) =>
    planVolume(volumeOf('v', volume), claim && claimOf(claim)),
  );
});
