import { itemsOf, type JsonSchema, propertyOf } from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { type FieldError, invalidValue, notSupported, required } from '@wheelhouse/shared/meta/field-error';
import { equalJson, isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import { fitsNumberFormat, matchesFormat } from './formats';
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

function check(value: unknown, schema: JsonSchema, place: Place, errors: FieldError[]): void {
  if (errors.length >= MOST_ERRORS) return;
  if (value === null && schema.nullable) return;
  if (schema['x-kubernetes-int-or-string']) {
    if (typeof value !== 'string' && !isInteger(value)) {
      errors.push(wrongType(place, 'integer,string', value));
      return;
    }
  } else if (schema.type && !hasType(value, schema.type)) {
    errors.push(wrongType(place, schema.type, value));
    return;
  }
  checkEnum(value, schema, place, errors);
  if (typeof value === 'string') checkText(value, schema, place, errors);
  else if (typeof value === 'number' || typeof value === 'bigint') checkNumber(value, schema, place, errors);
  else if (Array.isArray(value)) checkList(value, schema, place, errors);
  else if (isObject(value)) checkObject(value, schema, place, errors);
  checkJunctors(value, schema, place, errors);
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

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value));
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
  const { minimum, maximum, multipleOf, format } = schema;
  if (multipleOf !== undefined && multipleOf > 0 && !isMultiple(shown, multipleOf)) {
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
  if (format && schema.type && !fitsNumberFormat(format, value)) {
    errors.push(
      invalidValue(
        place.field,
        shown,
        `Checked value must be of type ${schema.type} with format ${format} in ${place.name}`,
      ),
    );
  }
}

function isMultiple(value: number, of: number): boolean {
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
  if (minProperties !== undefined && keys.length < minProperties) {
    say(errors, place, keys.length, `should have at least ${minProperties} properties`);
  }
  if (maxProperties !== undefined && keys.length > maxProperties) {
    errors.push(tooManyOf(place.field, keys.length, maxProperties));
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
  const complain = (text: string) =>
    errors.push(invalidValue(place.field || '<nil>', '', `${JSON.stringify(place.name)} ${text}`));
  const nearest = (lists: readonly FieldError[][]) =>
    lists.reduce((best, list) => (list.length < best.length ? list : best));
  if (schema.anyOf?.length && !isPlainIntOrString(schema)) {
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

/** `anyOf: [integer, string]` beside x-kubernetes-int-or-string says nothing more. */
function isPlainIntOrString(schema: JsonSchema): boolean {
  return schema['x-kubernetes-int-or-string'] === true && schema.anyOf?.every((child) => child.type) === true;
}
