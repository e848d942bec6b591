import type { VolumeAttachment, VolumeAttachmentSource, VolumeError } from 'kubernetes-types/storage/v1';
import { complaints, type FieldError, forbidden, immutable, required, tooLong } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { dns1123Subdomain } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { validateVolumeSpec } from '../core/persistent-volume';
import { validateDriverName } from '../core/volume-common';
import { nullWhenUnset } from '../null-times';
import { keepAllButStatusAlone, keepStatus, setStatus } from '../status-split';

export type { VolumeAttachment };

const MAX_METADATA_BYTES = 256 * 1024;
const MAX_MESSAGE = 1024;

export const volumeAttachmentKind: KindDefinition<VolumeAttachment> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  singular: 'volumeattachment',
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.VolumeAttachment',
  conditionalUpdate: true,
  status: true,
  hasGeneration: false,
  deleteReturnsObject: true,
  columns: [
    nameColumn,
    {
      name: 'Attacher',
      type: 'string',
      format: 'name',
      description: 'The driver that attaches the volume.',
      cell: ({ spec }) => spec?.attacher ?? '',
    },
    {
      name: 'PV',
      type: 'string',
      description: 'The volume.',
      cell: ({ spec }) => spec?.source?.persistentVolumeName ?? '',
    },
    {
      name: 'Node',
      type: 'string',
      description: 'The node that the volume is attached to.',
      cell: ({ spec }) => spec?.nodeName ?? '',
    },
    {
      name: 'Attached',
      type: 'boolean',
      description: 'Whether the volume is attached.',
      cell: ({ status }) => status?.attached ?? false,
    },
    ageColumn,
  ],
  default(attachment) {
    setStatus(attachment, { ...attachment.status, attached: attachment.status?.attached ?? false });
    nullWhenUnset(attachment.status?.attachError, 'time');
    nullWhenUnset(attachment.status?.detachError, 'time');
  },
  prepareForCreate(attachment) {
    setStatus(attachment, { attached: false });
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatusAlone,
  validate: ({ spec, status }) => [
    ...(spec?.attacher ? [] : [required('spec.attacher')]),
    ...validateSource(spec?.source ?? {}, 'spec.source'),
    ...complaints('spec.nodeName', spec?.nodeName ?? '', dns1123Subdomain(spec?.nodeName ?? '')),
    ...validateStatus(status),
  ],
  // Attachments of an older API may have worse names.
  validateCreate({ spec }) {
    const { attacher, source } = spec ?? {};
    const errors = validateDriverName(attacher, 'spec.attacher').filter(
      ({ reason }) => reason !== 'FieldValueRequired',
    );
    const name = source?.persistentVolumeName;
    if (name === undefined) return errors;
    return [...errors, ...complaints('spec.source.persistentVolumeName', name, dns1123Subdomain(name))];
  },
  validateUpdate: (next, previous) => immutable('spec', next.spec, previous.spec),
  validateStatusUpdate: ({ status }) => validateStatus(status),
};

function validateSource(source: VolumeAttachmentSource, path: string): FieldError[] {
  const { inlineVolumeSpec, persistentVolumeName } = source;
  const which = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';
  if (inlineVolumeSpec && persistentVolumeName !== undefined) return [forbidden(path, which)];
  if (inlineVolumeSpec)
    return validateVolumeSpec(inlineVolumeSpec, `${path}.inlineVolumeSpec`, { inline: true });
  if (persistentVolumeName === undefined) return [required(path, which)];
  const at = `${path}.persistentVolumeName`;
  return persistentVolumeName ? [] : [required(at, 'must specify non empty persistentVolumeName')];
}

function validateStatus(status: VolumeAttachment['status']): FieldError[] {
  const errors: FieldError[] = [];
  const metadata = Object.entries(status?.attachmentMetadata ?? {});
  const size = metadata.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  if (size > MAX_METADATA_BYTES) errors.push(tooLong('status.attachmentMetadata', MAX_METADATA_BYTES));
  return [
    ...errors,
    ...validateError(status?.attachError, 'status.attachError'),
    ...validateError(status?.detachError, 'status.detachError'),
  ];
}

function validateError(error: VolumeError | undefined, path: string): FieldError[] {
  return (error?.message ?? '').length > MAX_MESSAGE ? [tooLong(`${path}.message`, MAX_MESSAGE)] : [];
}
