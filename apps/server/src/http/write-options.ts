import { invalid } from '@wheelhouse/shared/errors';
import {
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
} from '@wheelhouse/shared/meta/field-error';
import type { FieldValidation } from '../registry/request-context';

/** What the parameters of a write say beyond what is to be written. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldValidation: FieldValidation;
  /** In whose name the fields of the write are owned. */
  readonly fieldManager: string | undefined;
  /** An apply takes what others own. */
  readonly force: boolean;
}

export type WriteForm = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions';

/** Reads them, and tells everything that is wrong at once. `apply`: the patch is one, whose owner has to have a name. */
export function writeOptionsOf(
  query: URLSearchParams,
  form: WriteForm,
  { apply = false }: { readonly apply?: boolean } = {},
): WriteOptions {
  const dryRun = query.getAll('dryRun');
  const force = query.get('force');
  const manager = query.get('fieldManager') ?? '';
  const validation = query.get('fieldValidation') ?? '';
  refuse(form, [
    ...(form === 'PatchOptions' ? patchErrors(manager, force, apply) : []),
    ...managerErrors(manager),
    ...dryRunErrors(dryRun),
    ...(isValidation(validation) ? [] : [notSupported('fieldValidation', validation, VALIDATIONS)]),
  ]);
  return {
    dryRun: dryRun.includes('All'),
    fieldValidation: isValidation(validation) && validation !== '' ? validation : 'Warn',
    fieldManager: manager === '' ? undefined : manager,
    force: force !== null && force !== '0' && force.toLowerCase() !== 'false',
  };
}

/** `?dryRun=All`, the only one there is. */
export function dryRunOf(values: readonly string[], form: WriteForm): boolean {
  refuse(form, dryRunErrors(values));
  return values.includes('All');
}

function refuse(kind: WriteForm, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind, name: '' }, errors);
}

function dryRunErrors(values: readonly string[]): FieldError[] {
  const wrong = values.find((value) => value !== 'All');
  return wrong === undefined ? [] : [notSupported('dryRun', wrong, ['All'])];
}

function patchErrors(manager: string, force: string | null, apply: boolean): FieldError[] {
  if (apply) return manager === '' ? [required('fieldManager', 'is required for apply patch')] : [];
  return force === null ? [] : [forbidden('force', 'may not be specified for non-apply patch')];
}

const LONGEST_MANAGER = 128;
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function managerErrors(name: string): FieldError[] {
  if (Buffer.byteLength(name) > LONGEST_MANAGER) {
    const message = `Too long: may not be more than ${LONGEST_MANAGER} bytes`;
    return [{ reason: 'FieldValueTooLong', field: 'fieldManager', message }];
  }
  const bad = [...name].findIndex((character) => !PRINTABLE.test(character));
  return bad < 0 ? [] : [invalidValue('fieldManager', name, `invalid character (at position ${bad})`)];
}

const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'] as const;

function isValidation(value: string): value is (typeof VALIDATIONS)[number] {
  return VALIDATIONS.some((known) => known === value);
}
