import type { JsonSchema } from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import type { FieldError } from '@wheelhouse/shared/meta/field-error';
import type { KubeObject } from '@wheelhouse/shared/meta/object';

/** The CEL rules of a schema, ready to run. */
export interface Rules {
  evaluate(object: KubeObject, previous: KubeObject | undefined): FieldError[];
}

export function compileRules(_schema: JsonSchema): Rules {
  return { evaluate: () => [] };
}

/** What is wrong with the CEL rules of a schema. */
export function checkRules(_schema: JsonSchema, _field: string): FieldError[] {
  return [];
}
