import { describe, expect, it } from 'vitest';
import { type PersistentVolume, persistentVolumeKind } from './persistent-volume';
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from './persistent-volume-claim';

const now = new Date('2026-01-01T00:00:00Z');
const context = { now };

function volume(spec: Partial<NonNullable<PersistentVolume['spec']>> = {}): PersistentVolume {
  return {
    metadata: { name: 'v' },
    spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/x' }, ...spec },
  };
}

function claim(spec: Partial<NonNullable<PersistentVolumeClaim['spec']>> = {}): PersistentVolumeClaim {
  return {
    metadata: { name: 'c', namespace: 'n' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  };
}

const fields = (errors: readonly { field: string; reason: string }[] | undefined) =>
  errors?.map(({ field, reason }) => `${field}|${reason}`);

describe('persistent volumes', () => {
  it('get their defaults', () => {
    const made = volume();
    persistentVolumeKind.default?.(made);
    persistentVolumeKind.prepareForCreate?.(made, context);
    expect(made.spec).toMatchObject({
      persistentVolumeReclaimPolicy: 'Retain',
      volumeMode: 'Filesystem',
      hostPath: { type: '' },
    });
    expect(made.status).toEqual({ phase: 'Pending', lastPhaseTransitionTime: '2026-01-01T00:00:00Z' });
  });

  it.each([
    [{}, []],
    [{ accessModes: [] }, ['spec.accessModes|FieldValueRequired']],
    [{ accessModes: ['RWO'] }, ['spec.accessModes|FieldValueNotSupported']],
    [{ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'] }, ['spec.accessModes|FieldValueForbidden']],
    [{ capacity: {} }, ['spec.capacity|FieldValueRequired', 'spec.capacity|FieldValueNotSupported']],
    [{ capacity: { storage: '0' } }, ['spec.capacity[storage]|FieldValueInvalid']],
    [{ hostPath: undefined }, ['spec|FieldValueRequired']],
    [{ nfs: { server: 's', path: '/' } }, ['spec.nfs|FieldValueForbidden']],
    [
      { hostPath: undefined, nfs: { server: '', path: 'x' } },
      ['spec.nfs.server|FieldValueRequired', 'spec.nfs.path|FieldValueInvalid'],
    ],
    [{ hostPath: undefined, local: { path: '/d' } }, ['spec.nodeAffinity|FieldValueRequired']],
    [{ hostPath: { path: '/a/../b' } }, ['spec.hostPath.path|FieldValueInvalid']],
    [
      { hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' },
      ['spec.persistentVolumeReclaimPolicy|FieldValueForbidden'],
    ],
    [
      { persistentVolumeReclaimPolicy: 'Keep' },
      ['spec.persistentVolumeReclaimPolicy|FieldValueNotSupported'],
    ],
    [{ volumeMode: 'Tape' }, ['spec.volumeMode|FieldValueNotSupported']],
    [{ storageClassName: 'A_B' }, ['spec.storageClassName|FieldValueInvalid']],
    [{ nodeAffinity: {} }, ['spec.nodeAffinity.required|FieldValueRequired']],
    [
      { nodeAffinity: { required: { nodeSelectorTerms: [] } } },
      ['spec.nodeAffinity.required.nodeSelectorTerms|FieldValueRequired'],
    ],
  ])('%j is refused for %j', (spec, expected) => {
    expect(fields(persistentVolumeKind.validate?.(volume(spec)))).toEqual(expected);
  });

  it('never move, and keep the nodes that they were given', () => {
    const affinity = (name: string) => ({
      required: { nodeSelectorTerms: [{ matchExpressions: [{ key: name, operator: 'Exists' }] }] },
    });
    const update = (next: PersistentVolume, previous: PersistentVolume) =>
      fields(persistentVolumeKind.validateUpdate?.(next, previous));
    expect(update(volume({ hostPath: { path: '/y' } }), volume())).toEqual([
      'spec.persistentvolumesource|FieldValueForbidden',
    ]);
    expect(update(volume({ nodeAffinity: affinity('a') }), volume())).toEqual([]);
    expect(update(volume({ nodeAffinity: affinity('b') }), volume({ nodeAffinity: affinity('a') }))).toEqual([
      'nodeAffinity|FieldValueInvalid',
    ]);
  });
});

describe('persistent volume claims', () => {
  it.each([
    [{}, []],
    [{ accessModes: [] }, ['spec.accessModes|FieldValueRequired']],
    [{ resources: {} }, ['spec.resources[storage]|FieldValueRequired']],
    [{ resources: { requests: { storage: '-1' } } }, ['spec.resources[storage]|FieldValueInvalid']],
    [
      { dataSource: { kind: 'X', name: '' } },
      ['spec.dataSource.name|FieldValueRequired', 'spec.dataSource|FieldValueInvalid'],
    ],
    [{ volumeMode: 'Tape' }, ['spec.volumeMode|FieldValueNotSupported']],
    [
      { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      ['spec.selector.matchExpressions[0].values|FieldValueRequired'],
    ],
  ])('%j is refused for %j', (spec, expected) => {
    expect(fields(persistentVolumeClaimKind.validate?.(claim(spec)))).toEqual(expected);
  });

  it('say the same in both fields for their first content', () => {
    const made = claim({ dataSource: { kind: 'PersistentVolumeClaim', name: 'other' } });
    persistentVolumeClaimKind.prepareForCreate?.(made, context);
    expect(made.spec?.dataSourceRef).toEqual({ kind: 'PersistentVolumeClaim', name: 'other' });
  });

  it('keep the newer field when a client sends the older one alone', () => {
    const dataSource = { kind: 'PersistentVolumeClaim', name: 'other' };
    const made = claim({ dataSource, dataSourceRef: dataSource });
    const sent = claim({ dataSource });
    persistentVolumeClaimKind.prepareForUpdate?.(sent, made, context);
    expect(sent.spec).toEqual(made.spec);
  });

  it('get no content of an unknown sort by the older field', () => {
    const sent = claim({ dataSource: { kind: 'X', name: 'x' } });
    persistentVolumeClaimKind.prepareForUpdate?.(sent, claim(), context);
    expect(sent.spec).toEqual(claim().spec);
  });

  const bound = (size: string, held = '1Gi') => {
    const made = claim({ volumeName: 'v', resources: { requests: { storage: size } } });
    return { ...made, status: { phase: 'Bound', capacity: { storage: held } } };
  };
  const update = (next: PersistentVolumeClaim, previous: PersistentVolumeClaim) =>
    fields(persistentVolumeClaimKind.validateUpdate?.(next, previous));

  it('are given a volume once', () => {
    expect(update(claim({ volumeName: 'v' }), claim())).toEqual([]);
    expect(update(claim({ volumeName: 'w' }), claim({ volumeName: 'v' }))).toEqual([
      'spec|FieldValueForbidden',
    ]);
  });

  it('are given a class once', () => {
    expect(update(claim({ storageClassName: 'a' }), claim())).toEqual([]);
    expect(update(claim({ storageClassName: 'b' }), claim({ storageClassName: 'a' }))).toEqual([
      'spec|FieldValueForbidden',
    ]);
  });

  it('grow when bound and shrink to no less than they have', () => {
    expect(update(bound('2Gi'), bound('1Gi'))).toEqual([]);
    expect(update(bound('2Gi'), bound('3Gi'))).toEqual([]);
    expect(update(bound('1Gi'), bound('3Gi'))).toEqual([
      'spec.resources.requests.storage|FieldValueForbidden',
    ]);
    expect(update(claim({ resources: { requests: { storage: '2Gi' } } }), claim())).toEqual([
      'spec|FieldValueForbidden',
    ]);
  });

  it('print as people know them', () => {
    const cells = Object.fromEntries(
      (persistentVolumeClaimKind.columns ?? []).map(({ name, cell }) => [
        name,
        cell(
          {
            ...bound('2Gi'),
            status: {
              phase: 'Bound',
              accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
              capacity: { storage: '1Gi' },
            },
          },
          now,
        ),
      ]),
    );
    expect(cells).toMatchObject({ Status: 'Bound', Volume: 'v', Capacity: '1Gi', 'Access Modes': 'RWO,RWX' });
  });
});
