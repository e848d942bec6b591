import type { Secret } from 'kubernetes-types/core/v1';
import {
  complaints,
  type FieldError,
  immutable,
  invalidValue,
  required,
  tooLong,
} from '../../meta/field-error';
import { isObject, setOwn } from '../../meta/json';
import type { KindDefinition } from '../../meta/kind';
import { configKey } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { base64Length, immutableErrors, MAX_DATA_BYTES } from './config-map';

export type { Secret };

/** Keys that secrets of a well-known type must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

export const secretKind: KindDefinition<Secret> = {
  group: '',
  version: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Secret',
  selectableFields: { type: (secret) => secret.type ?? '' },
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'What the secret is for.', cell: ({ type }) => type ?? '' },
    {
      name: 'Data',
      type: 'string',
      description: 'The number of entries.',
      cell: ({ data }) => Object.keys(data ?? {}).length,
    },
    ageColumn,
  ],
  default(secret) {
    secret.type ??= 'Opaque';
    if (!secret.stringData) return;
    // Written as text for convenience, kept as bytes.
    secret.data ??= {};
    for (const [key, value] of Object.entries(secret.stringData))
      setOwn(secret.data, key, encodeBase64(value));
    delete secret.stringData;
  },
  validate(secret) {
    const errors: FieldError[] = [];
    const data = secret.data ?? {};
    let size = 0;
    for (const [key, value] of Object.entries(data)) {
      errors.push(...complaints(`data[${key}]`, key, configKey(key)));
      size += base64Length(value);
    }
    if (size > MAX_DATA_BYTES) errors.push(tooLong('data', MAX_DATA_BYTES));
    for (const key of REQUIRED_KEYS[secret.type ?? ''] ?? []) {
      if (!Object.hasOwn(data, key)) errors.push(required(`data[${key}]`));
    }
    errors.push(...validateType(secret));
    return errors;
  },
  validateUpdate(next, previous) {
    return [...immutable('type', next.type, previous.type), ...immutableErrors(next, previous, ['data'])];
  },
};

/** The paths with a placeholder in them are Kubernetes' own. */
function validateType(secret: Secret): FieldError[] {
  const data = secret.data ?? {};
  switch (secret.type) {
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? [] : [required('data[%s][ssh-privatekey]')];
    case 'kubernetes.io/service-account-token': {
      const name = 'kubernetes.io/service-account.name';
      return secret.metadata?.annotations?.[name] ? [] : [required(`metadata.annotations[${name}]`)];
    }
    case 'kubernetes.io/basic-auth':
      return Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')
        ? []
        : [required('data[%s][username]'), required('data[%s][password]')];
    case 'kubernetes.io/dockerconfigjson':
      return jsonError(data, '.dockerconfigjson');
    case 'kubernetes.io/dockercfg':
      return jsonError(data, '.dockercfg');
    default:
      return [];
  }
}

function jsonError(data: Readonly<Record<string, string>>, key: string): FieldError[] {
  const value = Object.hasOwn(data, key) ? data[key] : undefined;
  if (value === undefined) return [];
  try {
    if (isObject(JSON.parse(atob(value)))) return [];
    throw new SyntaxError('not an object');
  } catch {
    return [invalidValue(`data[${key}]`, '<secret contents redacted>', 'must be valid JSON')];
  }
}

/** Base64 of a text's UTF-8 bytes, in runtimes of both kinds. */
function encodeBase64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  const CHUNK = 0x8000;
  for (let i = 0; i < bytes.length; i += CHUNK)
    binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}
