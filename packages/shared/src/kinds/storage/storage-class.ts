import type { TopologySelectorTerm } from 'kubernetes-types/core/v1';
import type { StorageClass } from 'kubernetes-types/storage/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  immutable,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { qualifiedName } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { isDefaultClass } from '../core/volume-common';

export type { StorageClass };

const RECLAIM_POLICIES = ['Delete', 'Retain'];
const BINDING_MODES = ['Immediate', 'WaitForFirstConsumer'];
const MAX_PARAMETERS = 512;
const MAX_PARAMETER_BYTES = 256 * 1024;

export const storageClassKind: KindDefinition<StorageClass> = {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  singular: 'storageclass',
  shortNames: ['sc'],
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.StorageClass',
  deleteReturnsObject: true,
  columns: [
    {
      ...nameColumn,
      cell: (object) => `${object.metadata?.name ?? ''}${isDefaultClass(object) ? ' (default)' : ''}`,
    },
    {
      name: 'Provisioner',
      type: 'string',
      description: 'Who makes the volumes of this class.',
      cell: ({ provisioner }) => provisioner,
    },
    {
      name: 'ReclaimPolicy',
      type: 'string',
      description: 'What happens to a volume whose claim is gone.',
      cell: ({ reclaimPolicy }) => reclaimPolicy ?? 'Delete',
    },
    {
      name: 'VolumeBindingMode',
      type: 'string',
      description: 'When claims get their volumes.',
      cell: ({ volumeBindingMode }) => volumeBindingMode ?? 'Immediate',
    },
    {
      name: 'AllowVolumeExpansion',
      type: 'string',
      description: 'Whether claims may grow.',
      cell: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false,
    },
    ageColumn,
  ],
  default(storageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate(storageClass) {
    return [
      ...validateProvisioner(storageClass.provisioner),
      ...validateParameters(storageClass.parameters ?? {}),
      ...choice('reclaimPolicy', storageClass.reclaimPolicy || undefined, RECLAIM_POLICIES),
      ...choice('volumeBindingMode', storageClass.volumeBindingMode, BINDING_MODES),
      ...validateTopologies(storageClass.allowedTopologies ?? [], 'allowedTopologies'),
    ];
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = [];
    for (const field of ['parameters', 'provisioner', 'reclaimPolicy'] as const) {
      if (!equalJson(next[field], previous[field]))
        errors.push(forbidden(field, `updates to ${field} are forbidden.`));
    }
    errors.push(...immutable('volumeBindingMode', next.volumeBindingMode, previous.volumeBindingMode));
    return errors;
  },
};

function choice(field: string, value: string | undefined, allowed: readonly string[]): FieldError[] {
  return value !== undefined && !allowed.includes(value) ? [notSupported(field, value, allowed)] : [];
}

function validateProvisioner(provisioner: string | undefined): FieldError[] {
  if (!provisioner) return [required('provisioner')];
  return complaints('provisioner', provisioner, qualifiedName(provisioner.toLowerCase()));
}

function validateParameters(parameters: Readonly<Record<string, string>>): FieldError[] {
  const errors: FieldError[] = [];
  const entries = Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) errors.push(tooLong('parameters', MAX_PARAMETERS));
  let size = 0;
  for (const [key, value] of entries) {
    if (!key) errors.push(invalidValue('parameters', key, 'field can not be empty.'));
    size += key.length + value.length;
  }
  if (size > MAX_PARAMETER_BYTES) errors.push(tooLong('parameters', MAX_PARAMETER_BYTES));
  return errors;
}

function validateTopologies(terms: readonly TopologySelectorTerm[], path: string): FieldError[] {
  const errors: FieldError[] = [];
  const seenTerms: TopologySelectorTerm[] = [];
  for (const [i, term] of terms.entries()) {
    const seenKeys = new Set<string>();
    for (const [j, { key, values }] of (term.matchLabelExpressions ?? []).entries()) {
      const at = `${path}[${i}].matchLabelExpressions[${j}]`;
      if (!values?.length) errors.push(required(`${at}.values`));
      values?.forEach((value, k) => {
        if (values.indexOf(value) < k) errors.push(duplicate(`${at}.values[${k}]`, value));
      });
      errors.push(...complaints(`${at}.key`, key, qualifiedName(key ?? '')));
      if (seenKeys.has(key)) errors.push(duplicate(`${at}.key`, key));
      seenKeys.add(key);
    }
    // A term of nothing is refused as one that is there already.
    if (!term.matchLabelExpressions?.length || seenTerms.some((seen) => equalJson(seen, term)))
      errors.push(duplicate(`${path}[${i}].matchLabelExpressions`, ''));
    seenTerms.push(term);
  }
  return errors;
}
