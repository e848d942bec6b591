import { type FieldError, invalidValue } from '@wheelhouse/shared/meta/field-error';
import { isObject } from '@wheelhouse/shared/meta/json';
import type { ScaleSpec } from '@wheelhouse/shared/meta/kind';

const LARGEST = 2 ** 31 - 1;

/** What the scale subresource reads must be what it expects. `part`: the half of the object that is written. */
export function validateScaleValues(object: object, scale: ScaleSpec, part: 'spec' | 'status'): FieldError[] {
  if (part === 'spec') return replicas(object, scale.specReplicasPath);
  const errors = replicas(object, scale.statusReplicasPath);
  if (!scale.selectorPath.startsWith('status.')) return errors;
  const found = read(object, scale.selectorPath);
  const field = `.${scale.selectorPath}`;
  if ('wrong' in found) errors.push(invalidValue(field, '', `${field} accessor error: ${found.wrong}`));
  else if (found.value !== undefined && typeof found.value !== 'string') {
    errors.push(
      invalidValue(
        field,
        '',
        `${field} accessor error: ${shown(found.value)} is of the type ${goType(found.value)}, expected string`,
      ),
    );
  }
  return errors;
}

function replicas(object: object, path: string): FieldError[] {
  const field = `.${path}`;
  const found = read(object, path);
  if ('wrong' in found) return [invalidValue(field, 0, `${field} accessor error: ${found.wrong}`)];
  const { value } = found;
  if (value === undefined) return [];
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isInteger(value))) {
    return [
      invalidValue(
        field,
        0,
        `${field} accessor error: ${shown(value)} is of the type ${goType(value)}, expected int64`,
      ),
    ];
  }
  if (value < 0) return [invalidValue(field, Number(value), 'should be a non-negative integer')];
  if (value > LARGEST)
    return [invalidValue(field, Number(value), `should be less than or equal to ${LARGEST}`)];
  return [];
}

function read(object: object, path: string): { value: unknown } | { wrong: string } {
  let value: unknown = object;
  for (const name of path.split('.')) {
    if (value === undefined) return { value };
    if (!isObject(value)) {
      return { wrong: `${shown(value)} is of the type ${goType(value)}, expected map[string]interface{}` };
    }
    value = Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return { value };
}

function shown(value: unknown): string {
  if (value === null) return '<nil>';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function goType(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'string') return 'string';
  return typeof value === 'bigint' || Number.isInteger(value) ? 'int64' : 'float64';
}
