import { type ApiError, invalid } from '@wheelhouse/shared/errors';
import { invalidValue } from '@wheelhouse/shared/meta/field-error';
import { isObject } from '@wheelhouse/shared/meta/json';
import type { PatchRequest } from './patch';

/** The refusal of a patch that has made something of an object that is no object of its kind any more. */
export function patchFault(error: ApiError, patch: PatchRequest): ApiError {
  const subject = { kind: '', name: '' };
  if (patch.type !== 'strategic') {
    const message = `Invalid value: ${error.message}`;
    return invalid(subject, [{ reason: 'FieldValueInvalid', field: 'patch', message }]);
  }
  return invalid(subject, [invalidValue('patch', goText(patch.body), conversionFault(error.message))]);
}

/** How Kubernetes words it where the value of a patch does not fit the type of its field. */
function conversionFault(message: string): string {
  const parts = /cannot unmarshal (\w+) into Go struct field \S+ of type (\S+)$/.exec(message);
  if (!parts) return message;
  const [, value, type = ''] = parts;
  if (type.startsWith('[]')) return `cannot restore slice from ${value}`;
  if (type.startsWith('map[')) return `cannot restore map from ${value}`;
  return type.includes('.') ? `cannot restore struct from: ${value}` : `unrecognized type: ${type}`;
}

/** A value as Go prints it: `map[spec:map[replicas:many]]`. */
function goText(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isObject(value)) return String(value);
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key])}`);
  return `map[${pairs.join(' ')}]`;
}
