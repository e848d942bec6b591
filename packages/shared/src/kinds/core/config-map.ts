import type { ConfigMap } from 'kubernetes-types/core/v1';
import { complaints, type FieldError, forbidden, invalidValue, tooLong } from '../../meta/field-error';
import { equalJson } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { configKey } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';

export type { ConfigMap };

/** What a config map or secret may hold in all, so that it fits into the store with room to spare. */
export const MAX_DATA_BYTES = 1024 * 1024;

export const configMapKind: KindDefinition<ConfigMap> = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ConfigMap',
  columns: [
    nameColumn,
    {
      name: 'Data',
      type: 'string',
      description: 'The number of entries.',
      cell: ({ data, binaryData }) => Object.keys(data ?? {}).length + Object.keys(binaryData ?? {}).length,
    },
    ageColumn,
  ],
  validate({ data = {}, binaryData = {} }) {
    const errors: FieldError[] = [];
    let size = 0;
    for (const [key, value] of Object.entries(data)) {
      errors.push(...complaints(`data[${key}]`, key, configKey(key)));
      if (Object.hasOwn(binaryData, key)) {
        errors.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
      }
      size += byteLength(value);
    }
    for (const [key, value] of Object.entries(binaryData)) {
      errors.push(...complaints(`binaryData[${key}]`, key, configKey(key)));
      size += base64Length(value);
    }
    if (size > MAX_DATA_BYTES) errors.push(tooLong('', MAX_DATA_BYTES));
    return errors;
  },
  validateUpdate(next, previous) {
    return immutableErrors(next, previous, ['data', 'binaryData']);
  },
};

/** Once `immutable` is set, it and the data stay as they are. */
export function immutableErrors<T extends { immutable?: boolean }>(
  next: T,
  previous: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (!previous.immutable) return [];
  const changed = (field: keyof T & string) => !equalJson(next[field] ?? {}, previous[field] ?? {});
  return [...(next.immutable ? [] : ['immutable']), ...fields.filter(changed)].map((field) =>
    forbidden(field, 'field is immutable when `immutable` is set'),
  );
}

/** Length in UTF-8; plain text is not encoded to find out. */
function byteLength(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 127) return new TextEncoder().encode(text).length;
  }
  return text.length;
}

/** Bytes behind a base64 text. */
export function base64Length(text: string): number {
  return (text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
}
