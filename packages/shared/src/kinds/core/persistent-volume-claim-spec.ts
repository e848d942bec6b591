import type { PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, forbidden, invalidValue, required } from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import { validateLabelSelector, validateLabels } from '../../meta/labels';
import { dns1123Label, dns1123Subdomain } from '../../meta/names';
import { validateAnnotations } from '../../meta/validation';
import {
  positiveQuantity,
  validateAccessModes,
  validateClassName,
  validateVolumeMode,
} from './volume-common';

/** What a claim asks for; also used for the claims of ephemeral volumes. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const modes = spec.accessModes ?? [];
  if (!modes.length) errors.push(required(`${path}.accessModes`, 'at least 1 access mode is required'));
  errors.push(...validateLabelSelector(spec.selector, `${path}.selector`));
  errors.push(...validateAccessModes(modes, `${path}.accessModes`));
  const size = spec.resources?.requests?.storage;
  const at = `${path}.resources[storage]`;
  errors.push(...(size === undefined ? [required(at)] : positiveQuantity(size, at)));
  if (spec.storageClassName) {
    errors.push(...validateClassName(spec.storageClassName, `${path}.storageClassName`));
  }
  errors.push(...validateVolumeMode(spec.volumeMode, `${path}.volumeMode`));
  for (const name of ['dataSource', 'dataSourceRef'] as const) {
    const source = spec[name];
    if (source) errors.push(...validateDataSource(source, `${path}.${name}`));
  }
  const { dataSource, dataSourceRef } = spec;
  if (dataSourceRef?.namespace && dataSource) {
    errors.push(
      invalidValue(
        path,
        `${path}.dataSource`,
        'may not be specified when dataSourceRef.namespace is specified',
      ),
    );
  } else if (dataSource && dataSourceRef && !equalJson({ ...dataSource }, { ...dataSourceRef })) {
    errors.push(invalidValue(path, `${path}.dataSource`, 'must match dataSourceRef'));
  }
  if (spec.volumeAttributesClassName) {
    errors.push(...validateClassName(spec.volumeAttributesClassName, `${path}.volumeAttributesClassName`));
  }
  return errors;
}

function validateDataSource(
  source: { apiGroup?: string; kind: string; name: string; namespace?: string },
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (source.apiGroup) {
    errors.push(...complaints(`${path}.apiGroup`, source.apiGroup, dns1123Subdomain(source.apiGroup)));
  }
  if (source.namespace) {
    errors.push(...complaints(`${path}.namespace`, source.namespace, dns1123Label(source.namespace)));
  }
  if (!source.name) errors.push(required(`${path}.name`));
  if (!source.kind) errors.push(required(`${path}.kind`));
  if (!source.apiGroup && source.kind !== 'PersistentVolumeClaim') {
    errors.push(
      invalidValue(
        path,
        source.kind,
        "must be 'PersistentVolumeClaim' when referencing the default apiGroup",
      ),
    );
  }
  return errors;
}

/** The claim that is made for a pod's ephemeral volume; of its metadata only labels and annotations are taken over. */
export function validateClaimTemplate(template: PersistentVolumeClaimTemplate, path: string): FieldError[] {
  const { labels, annotations, ...others } = template.metadata ?? {};
  const at = `${path}.metadata`;
  return [
    ...validateAnnotations(annotations, `${at}.annotations`),
    ...validateLabels(labels, `${at}.labels`),
    ...Object.keys(others).map((name) => forbidden(`${at}.${name}`, 'cannot be set')),
    ...validateClaimSpec(template.spec ?? {}, `${path}.spec`),
  ];
}
