/** The reasons of Kubernetes' field errors (`details.causes[].reason`). */
export type FieldErrorReason =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueNotFound'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid';

/** One thing wrong with an object. `field` is a path as Kubernetes writes it: `spec.containers[0].name`. */
export interface FieldError {
  readonly reason: FieldErrorReason;
  readonly field: string;
  /** The full sentence after the field, e.g. `Required value` or `Invalid value: "A": must be lower case`. */
  readonly message: string;
}
