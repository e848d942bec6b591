import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from './decode';
import { encodeProtobuf } from './encode';
import { findMessage } from './messages';

/** Pointers in the Go types. Where a client read a zero for them it would send it back as if a user had said so. */
const POINTERS = [
  ['core.v1', 'Container', 'restartPolicy'],
  ['core.v1', 'EphemeralContainerCommon', 'restartPolicy'],
  ['core.v1', 'ContainerStatus', 'stopSignal'],
  ['core.v1', 'PersistentVolumeSpec', 'volumeAttributesClassName'],
  ['core.v1', 'PersistentVolumeClaimStatus', 'currentVolumeAttributesClassName'],
  ['core.v1', 'LocalVolumeSource', 'fsType'],
  ['core.v1', 'FCVolumeSource', 'lun'],
  ['apps.v1', 'DeploymentStatus', 'terminatingReplicas'],
  ['apps.v1', 'ReplicaSetStatus', 'terminatingReplicas'],
  ['batch.v1', 'JobSpec', 'manualSelector'],
  ['batch.v1', 'JobStatus', 'failedIndexes'],
  ['batch.v1', 'SuccessPolicyRule', 'succeededCount'],
  ['coordination.v1', 'LeaseSpec', 'strategy'],
  ['storage.v1', 'StorageClass', 'reclaimPolicy'],
  ['storage.v1', 'CSIDriverSpec', 'fsGroupPolicy'],
  ['storage.v1', 'VolumeAttachmentSource', 'persistentVolumeName'],
  ['meta', 'ListMeta', 'remainingItemCount'],
] as const;

describe('encodeProtobuf', () => {
  it.each(POINTERS)('%s %s: %s is not written while it is not set', (packageName, message, name) => {
    const fields = [...(findMessage(packageName, message)?.fields.values() ?? [])];
    expect(fields.find((field) => field.name === name)).toMatchObject({ optional: true });
  });

  it('says nothing of what an object does not say', () => {
    const lease = { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', metadata: { name: 'x' }, spec: {} };
    const bytes = encodeProtobuf(lease) ?? Buffer.alloc(0);
    // The empty spec ends the message, the envelope's own two empty fields follow.
    expect(bytes.subarray(-6).toString('hex')).toBe('12001a002200');
    expect(decodeProtobuf(bytes)).toMatchObject(lease);
  });
});
