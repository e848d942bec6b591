import { type FieldError, invalidValue, nonNegative } from '../../meta/field-error';
import { percentOf } from '../../meta/int-or-percent';

/** A count or a share of the pods that an update may touch at once, such as `maxUnavailable`. */
export function validateShare(value: number | string, field: string): FieldError[] {
  if (typeof value === 'number') return nonNegative(field, value);
  return percentOf(value) === undefined
    ? [
        invalidValue(
          field,
          value,
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
      ]
    : [];
}

/** More than all of them makes no sense. */
export function validateAtMostAll(value: number | string, field: string): FieldError[] {
  const percent = percentOf(value);
  return percent !== undefined && percent > 100
    ? [invalidValue(field, value, 'must not be greater than 100%')]
    : [];
}

/** The number that is written: 0 for `0` and `0%`, which both mean none. */
export function writtenNumber(value: number | string | undefined): number {
  return typeof value === 'number' ? value : (percentOf(value ?? '') ?? 0);
}

/** The count of name collisions only ever grows. */
export function notDecremented(
  field: string,
  next: number | undefined,
  previous: number | undefined,
): FieldError[] {
  return previous !== undefined && (next ?? 0) < previous
    ? [invalidValue(field, next ?? 0, 'cannot be decremented')]
    : [];
}
