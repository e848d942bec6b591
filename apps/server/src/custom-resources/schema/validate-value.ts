import { itemsOf, type JsonSchema, propertyOf } from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { type FieldError, invalidValue, notSupported, required } from '@wheelhouse/shared/meta/field-error';
import { equalJson, isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import { fitsNumberFormat, isTextFormat, matchesFormat } from './formats';
import { compilePattern } from './patterns';

/** More complaints about one object help nobody. */
const MOST_ERRORS = 200;

/**
 * What is wrong with a value by its schema, in Kubernetes' words. `name` is what messages call it (empty for a whole
 * object), `field` where it stands.
 */
export function validateValue(
  value: unknown,
  schema: JsonSchema,
  { field, name = field }: { field: string; name?: string },
): FieldError[] {
  const errors: FieldError[] = [];
  check(value, schema, { field, name }, errors);
  return errors.slice(0, MOST_ERRORS);
}

interface Place {
  readonly field: string;
  readonly name: string;
}

/** A value of a wrong type is held against the other conditions all the same, as in Kubernetes. */
function check(value: unknown, schema: JsonSchema, place: Place, errors: FieldError[]): void {
  if (errors.length >= MOST_ERRORS) return;
  if (value === null && schema.nullable) return;
  const wanted = wantedType(value, schema);
  if (wanted !== undefined) errors.push(wrongType(place, wanted, value));
  if (value === null) {
    if (schema.type || schema['x-kubernetes-int-or-string']) return;
  } else if (typeof value === 'string') checkText(value, schema, place, errors);
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(value, schema, place, errors);
  else if (Array.isArray(value)) checkList(value, schema, place, errors);
  else if (isObject(value)) checkObject(value, schema, place, errors);
  checkEnum(value, schema, place, errors);
  checkJunctors(value, schema, place, errors);
}

/** The type that a value should have but has not. */
function wantedType(value: unknown, schema: JsonSchema): string | undefined {
  if (schema['x-kubernetes-int-or-string']) {
    return typeof value === 'string' || isInteger(value) ? undefined : 'integer,string';
  }
  const { type = '', format } = schema;
  // What has a format may be written as a list of what it is made of: nobody looks at lists then.
  if (type === 'string' && format && isTextFormat(format) && Array.isArray(value)) return undefined;
  return type && !hasType(value, type) ? type : undefined;
}

/** How a message begins: `spec.size in body`. */
function subject({ name }: Place): string {
  return name ? `${name} in body` : 'in body';
}

function say(errors: FieldError[], place: Place, value: unknown, text: string): void {
  errors.push(invalidValue(place.field, value, `${subject(place)} ${text}`));
}

function wrongType(place: Place, wanted: string, value: unknown): FieldError {
  const found = typeOf(value);
  return {
    reason: 'FieldValueTypeInvalid',
    field: place.field || '<nil>',
    message: `Invalid value: ${JSON.stringify(found)}: ${subject(place)} must be of type ${wanted}: ${JSON.stringify(found)}`,
  };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (isInteger(value)) return 'integer';
  return typeof value;
}

/** Beyond 64 bits numbers are approximate, and integers no more. */
function isInteger(value: unknown): value is number | bigint {
  if (typeof value === 'bigint') return true;
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case 'integer':
      return isInteger(value);
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint';
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    default:
      return typeof value === type;
  }
}

function checkEnum(value: unknown, schema: JsonSchema, { field }: Place, errors: FieldError[]): void {
  const { enum: allowed } = schema;
  if (!allowed?.length || allowed.some((one) => equalJson(one, value))) return;
  const supported = allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
  errors.push(notSupported(field, value, supported));
}

function checkText(text: string, schema: JsonSchema, place: Place, errors: FieldError[]): void {
  const { minLength, maxLength, pattern, format } = schema;
  if (minLength !== undefined || maxLength !== undefined) {
    // Characters, not UTF-16 units; only a long enough text has to be counted.
    const length = [...text].length;
    if (maxLength !== undefined && length > maxLength) {
      errors.push({
        reason: 'FieldValueTooLong',
        field: place.field,
        message: `Too long: may not be more than ${maxLength} bytes`,
      });
    }
    if (minLength !== undefined && length < minLength) {
      say(errors, place, text, `should be at least ${minLength} chars long`);
    }
  }
  if (pattern && !compilePattern(pattern).test(text)) {
    say(errors, place, text, `should match '${pattern}'`);
  }
  if (format && !schema['x-kubernetes-int-or-string'] && !matchesFormat(format, text)) {
    say(errors, place, text, `must be of type ${format}: ${JSON.stringify(text)}`);
  }
}

function checkNumber(value: number | bigint, schema: JsonSchema, place: Place, errors: FieldError[]): void {
  const shown = Number(value);
  const { format } = schema;
  // Integers are held against integers: a bound loses its fraction then.
  const bound = (limit: number | undefined) =>
    limit !== undefined && isInteger(value) ? Math.trunc(limit) : limit;
  const [minimum, maximum, multipleOf] = [schema.minimum, schema.maximum, schema.multipleOf].map(bound);
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
    say(errors, place, shown, `should be a multiple of ${multipleOf}`);
  }
  if (maximum !== undefined && (schema.exclusiveMaximum ? value >= maximum : value > maximum)) {
    say(
      errors,
      place,
      shown,
      `should be less than ${schema.exclusiveMaximum ? '' : 'or equal to '}${maximum}`,
    );
  }
  if (minimum !== undefined && (schema.exclusiveMinimum ? value <= minimum : value < minimum)) {
    say(
      errors,
      place,
      shown,
      `should be greater than ${schema.exclusiveMinimum ? '' : 'or equal to '}${minimum}`,
    );
  }
  const isBounded = minimum !== undefined || maximum !== undefined || multipleOf !== undefined;
  if (isBounded && format && schema.type && !fitsNumberFormat(format, value)) {
    errors.push(
      invalidValue(
        place.field,
        shown,
        `Checked value must be of type ${schema.type} with format ${format} in ${place.name}`,
      ),
    );
  }
}

function isMultiple(value: number | bigint, of: number): boolean {
  if (of <= 0) return false;
  if (typeof value === 'bigint') return value % BigInt(of) === 0n;
  if (Number.isInteger(value) && Number.isInteger(of)) return value % of === 0;
  const ratio = value / of;
  return Math.abs(ratio - Math.round(ratio)) < 1e-9 * Math.max(1, Math.abs(ratio));
}

function tooManyOf(field: string, actual: number, most: number): FieldError {
  return {
    reason: 'FieldValueTooMany',
    field,
    message: `Too many: ${actual}: must have at most ${most} items`,
  };
}

function checkList(list: readonly unknown[], schema: JsonSchema, place: Place, errors: FieldError[]): void {
  const { minItems, maxItems } = schema;
  if (minItems !== undefined && list.length < minItems) {
    say(errors, place, list.length, `should have at least ${minItems} items`);
  }
  if (maxItems !== undefined && list.length > maxItems) {
    errors.push(tooManyOf(place.field, list.length, maxItems));
  }
  const items = itemsOf(schema);
  if (!items) return;
  for (const [i, element] of list.entries()) {
    // As in Kubernetes at the level of the recorded answers, the field has no index; the message tells it.
    check(element, items, { field: place.field, name: `${place.name}[${i}]` }, errors);
    if (errors.length >= MOST_ERRORS) return;
  }
}

function checkObject(object: JsonObject, schema: JsonSchema, place: Place, errors: FieldError[]): void {
  const keys = Object.keys(object);
  const { minProperties, maxProperties } = schema;
  // One with too few or too many is looked at no further.
  if (minProperties !== undefined && keys.length < minProperties) {
    say(errors, place, keys.length, `should have at least ${minProperties} properties`);
    return;
  }
  if (maxProperties !== undefined && keys.length > maxProperties) {
    errors.push(tooManyOf(place.field, keys.length, maxProperties));
    return;
  }
  const below = (key: string): Place => ({
    field: place.field ? `${place.field}.${key}` : key,
    name: place.name ? `${place.name}.${key}` : key,
  });
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(object, name)) continue;
    const { field, name: full } = below(name);
    errors.push(required(field, field === full || place.name === '' ? '' : full));
  }
  const { additionalProperties } = schema;
  for (const key of keys) {
    const child =
      propertyOf(schema, key) ?? (isObject(additionalProperties) ? additionalProperties : undefined);
    if (child) check(object[key], child, below(key), errors);
    if (errors.length >= MOST_ERRORS) return;
  }
}

/** allOf, anyOf, oneOf and not. What comes nearest to being valid is told too. */
function checkJunctors(value: unknown, schema: JsonSchema, place: Place, errors: FieldError[]): void {
  const verdicts = (list: readonly JsonSchema[]) =>
    list.map((child) => {
      const own: FieldError[] = [];
      check(value, child, place, own);
      return own;
    });
  // Of no field, as in Kubernetes: only the text says where.
  const complain = (text: string) =>
    errors.push(invalidValue('<nil>', '', `${JSON.stringify(place.name)} ${text}`));
  const nearest = (lists: readonly FieldError[][]) =>
    lists.reduce((best, list) => (list.length < best.length ? list : best));
  if (schema.anyOf?.length) {
    const found = verdicts(schema.anyOf);
    if (found.every((list) => list.length > 0)) {
      complain('must validate at least one schema (anyOf)');
      errors.push(...nearest(found));
    }
  }
  if (schema.oneOf?.length) {
    const found = verdicts(schema.oneOf);
    const valid = found.filter((list) => list.length === 0).length;
    if (valid === 0) {
      complain('must validate one and only one schema (oneOf). Found none valid');
      errors.push(...nearest(found));
    } else if (valid > 1) {
      complain(`must validate one and only one schema (oneOf). Found ${valid} valid alternatives`);
    }
  }
  if (schema.allOf?.length) {
    const found = verdicts(schema.allOf);
    const valid = found.filter((list) => list.length === 0).length;
    if (valid < found.length) {
      complain(`must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
      errors.push(...found.flat());
    }
  }
  if (schema.not && verdicts([schema.not])[0]?.length === 0) complain('must not validate the schema (not)');
}
