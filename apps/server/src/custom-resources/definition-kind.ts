import { customResourceDefinitionKind } from '@wheelhouse/shared/kinds/apiextensions/custom-resource-definition';
import { pathOfPart, schemaOf } from '@wheelhouse/shared/kinds/apiextensions/definition-validation';
import { itemsOf, type JsonSchema, valuesOf } from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import { type FieldError, invalidValue } from '@wheelhouse/shared/meta/field-error';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { CustomResourceDefinition } from 'kubernetes-types/apiextensions/v1';
import { checkRules } from './rules';
import { fillDefaults } from './schema/defaults';
import { validateListTypes } from './schema/list-types';
import { compilePattern } from './schema/patterns';
import { prune } from './schema/prune';
import { validateValue } from './schema/validate-value';

/**
 * The kind of definitions as the API server validates it: beyond the kind's own rules, patterns and CEL rules must
 * compile and defaults must be valid by the schema around them.
 */
export const servedDefinitionKind: KindDefinition<CustomResourceDefinition> = {
  ...customResourceDefinitionKind,
  validate(definition) {
    const errors = customResourceDefinitionKind.validate?.(definition) ?? [];
    const { spec } = definition;
    for (const [i, version] of (spec?.versions ?? []).entries()) {
      const schema = schemaOf(version);
      const { path, shared } = pathOfPart(spec, 'schema', i);
      if (schema) {
        const at = `${path}.openAPIV3Schema`;
        const structural = !errors.some(({ field }) => field.startsWith(at));
        errors.push(...validateValues(schema, at, structural));
        // Rules are typed by the schema: one that is broken already has nothing to say about them.
        if (structural) errors.push(...checkRules(schema, at));
      }
      if (shared) break;
    }
    return errors;
  },
};

function validateValues(schema: JsonSchema, field: string, withDefaults: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const visit = (child: JsonSchema, at: string) => errors.push(...validateValues(child, at, withDefaults));
  if (schema.pattern) {
    try {
      compilePattern(schema.pattern);
    } catch (error) {
      errors.push(
        invalidValue(
          `${field}.pattern`,
          schema.pattern,
          `must be a valid regular expression, but isn't: ${error instanceof Error ? error.message : ''}`,
        ),
      );
    }
  }
  // Only values whose schema compiles can be compared with it.
  if (withDefaults && errors.length === 0 && schema.default !== undefined) {
    errors.push(...validateDefault(schema, `${field}.default`));
  }
  const items = itemsOf(schema);
  if (items) visit(items, `${field}.items`);
  const values = valuesOf(schema);
  if (values) visit(values, `${field}.additionalProperties`);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    visit(property, `${field}.properties[${name}]`);
  }
  for (const junctor of ['allOf', 'anyOf', 'oneOf'] as const) {
    schema[junctor]?.forEach((child, i) => {
      visit(child, `${field}.${junctor}[${i}]`);
    });
  }
  if (schema.not) visit(schema.not, `${field}.not`);
  return errors;
}

function validateDefault(schema: JsonSchema, field: string): FieldError[] {
  const unknown: string[] = [];
  const isResource = schema['x-kubernetes-embedded-resource'] ?? false;
  prune(schema.default, schema, (path) => unknown.push(path), { isResource });
  if (unknown.length > 0) {
    return [invalidValue(field, schema.default, 'must not have unknown fields')];
  }
  const filled = fillDefaults(schema.default, schema);
  return [...validateValue(filled, schema, { field, name: '' }), ...validateListTypes(filled, schema, field)];
}
