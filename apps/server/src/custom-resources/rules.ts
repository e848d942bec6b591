import {
  itemsOf,
  type JsonSchema,
  propertyOf,
  valuesOf,
} from '@wheelhouse/shared/kinds/apiextensions/json-schema';
import {
  duplicate,
  type FieldError,
  type FieldErrorReason,
  invalidValue,
  notSupported,
  required,
} from '@wheelhouse/shared/meta/field-error';
import { equalJson, isObject } from '@wheelhouse/shared/meta/json';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { ValidationRule } from 'kubernetes-types/apiextensions/v1';
import { Budget, BudgetExceeded } from '../cel/budget';
import { CelCompileError, compile, type Program } from '../cel/compile';
import { fromSchema, withOwnFields } from '../cel/schema-values';
import { type CelType, typeOfSchema } from '../cel/types';
import { CelError, type CelValue, Optional } from '../cel/values';

/** The CEL rules of a schema, ready to run. */
export interface Rules {
  /** `previous`: what the object was, for rules about changes. */
  evaluate(object: KubeObject, previous: KubeObject | undefined): FieldError[];
}

const REASONS: readonly FieldErrorReason[] = [
  'FieldValueInvalid',
  'FieldValueForbidden',
  'FieldValueRequired',
  'FieldValueDuplicate',
];

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly program: Program;
  readonly message: Program | undefined;
  /** Speaks of a change. */
  readonly isTransition: boolean;
}

/** A schema's own rules and those below it; undefined where there are none at all. */
interface RuleNode {
  readonly schema: JsonSchema;
  readonly isResource: boolean;
  readonly rules: readonly CompiledRule[];
  readonly items: RuleNode | undefined;
  readonly values: RuleNode | undefined;
  readonly properties: ReadonlyMap<string, RuleNode>;
}

/** Makes the rules of an accepted schema; those that do not compile were refused with their definition. */
export function compileRules(schema: JsonSchema): Rules {
  const root = nodeOf(schema, true);
  return {
    evaluate(object, previous) {
      if (!root) return [];
      const errors: FieldError[] = [];
      const budget = new Budget();
      try {
        walk(root, object, previous, '', errors, budget);
      } catch (error) {
        if (!(error instanceof BudgetExceeded)) throw error;
        errors.push(
          invalidValue(
            '<nil>',
            '',
            'validation failed due to running out of cost budget, no further validation rules will be run',
          ),
        );
      }
      return errors;
    },
  };
}

function nodeOf(schema: JsonSchema, isResource: boolean): RuleNode | undefined {
  const itemSchema = itemsOf(schema);
  const valueSchema = valuesOf(schema);
  const items = itemSchema && nodeOf(itemSchema, false);
  const values = valueSchema && nodeOf(valueSchema, false);
  const properties = new Map<string, RuleNode>();
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const node = nodeOf(property, false);
    if (node) properties.set(name, node);
  }
  const rules = (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => {
    try {
      return [compileRule(rule, schema, isResource)];
    } catch (error) {
      // Stored by a server that knew more: the rest of the rules still holds.
      if (error instanceof CelCompileError) return [];
      throw error;
    }
  });
  if (rules.length === 0 && !items && !values && properties.size === 0) return undefined;
  return { schema, isResource, rules, items, values, properties };
}

function variablesOf(rule: ValidationRule, schema: JsonSchema, isResource: boolean): Record<string, CelType> {
  const self = typeOfSchema(schema, isResource);
  return { self, oldSelf: rule.optionalOldSelf ? { kind: 'optional_type' } : self };
}

function compileRule(rule: ValidationRule, schema: JsonSchema, isResource: boolean): CompiledRule {
  const variables = variablesOf(rule, schema, isResource);
  const program = compile(rule.rule, variables);
  return {
    rule,
    program,
    message: rule.messageExpression ? compile(rule.messageExpression, variables) : undefined,
    isTransition: program.variables.has('oldSelf'),
  };
}

function walk(
  node: RuleNode,
  value: unknown,
  previous: unknown,
  field: string,
  errors: FieldError[],
  budget: Budget,
): void {
  if (value === null || value === undefined) return;
  if (node.rules.length > 0) run(node, value, previous, field, errors, budget);
  const below = (child: RuleNode | undefined, next: unknown, old: unknown, at: string) => {
    if (child) walk(child, next, old, at, errors, budget);
  };
  if (Array.isArray(value)) {
    if (!node.items) return;
    const find = correlation(node.schema, Array.isArray(previous) ? previous : []);
    for (const [i, element] of value.entries()) below(node.items, element, find(element), `${field}[${i}]`);
    return;
  }
  if (!isObject(value)) return;
  const old = isObject(previous) ? previous : {};
  for (const key of Object.keys(value)) {
    const before = Object.hasOwn(old, key) ? old[key] : undefined;
    const child = node.properties.get(key) ?? (propertyOf(node.schema, key) ? undefined : node.values);
    const at = node.values ? `${field}[${key}]` : field ? `${field}.${key}` : key;
    below(child, value[key], before, at);
  }
}

/** Finds what an element was: possible in lists that are keyed alone. */
function correlation(schema: JsonSchema, previous: readonly unknown[]): (element: unknown) => unknown {
  if (schema['x-kubernetes-list-type'] !== 'map') return () => undefined;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const identity = (element: unknown) =>
    JSON.stringify(keys.map((key) => (isObject(element) ? (element[key] ?? null) : null)));
  const known = new Map(previous.map((element) => [identity(element), element]));
  return (element) => known.get(identity(element));
}

function run(
  { schema, isResource, rules }: RuleNode,
  value: unknown,
  previous: unknown,
  field: string,
  errors: FieldError[],
  budget: Budget,
): void {
  const typed = isResource ? withOwnFields(schema) : schema;
  // A value that no rule about changes concerns and that nobody has touched was let pass before.
  const untouched = previous !== undefined && equalJson(value, previous);
  for (const compiled of rules) {
    const { rule, program, isTransition } = compiled;
    const optional = rule.optionalOldSelf === true;
    if (isTransition ? previous === undefined && !optional : untouched) continue;
    let self: CelValue;
    let passed: CelValue;
    const bindings: Record<string, CelValue> = {};
    try {
      self = fromSchema(value, typed);
      bindings.self = self;
      if (isTransition || compiled.message?.variables.has('oldSelf')) {
        const old = previous === undefined ? undefined : fromSchema(previous, typed);
        if (optional) bindings.oldSelf = new Optional(old);
        else if (old !== undefined) bindings.oldSelf = old;
      }
      passed = program.evaluate(bindings, budget);
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      errors.push(
        invalidValue(
          field || '<nil>',
          schema.type ?? '',
          `${error.message} evaluating rule: ${nameOf(rule)}`,
        ),
      );
      continue;
    }
    if (passed === true) continue;
    const message = messageOf(compiled, bindings, budget);
    errors.push(failure(rule, schema, `${field}${rule.fieldPath ?? ''}`.replace(/^\./, ''), message));
  }
}

function nameOf({ message, rule }: ValidationRule): string {
  return message?.trim() || rule.trim();
}

function messageOf(
  { rule, message }: CompiledRule,
  bindings: Record<string, CelValue>,
  budget: Budget,
): string {
  if (message) {
    try {
      const text = message.evaluate(bindings, budget);
      if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n') && text.length <= 5 * 1024) {
        return text.trim();
      }
    } catch (error) {
      // A message that cannot be made gives way to the fixed one.
      if (!(error instanceof CelError)) throw error;
    }
  }
  return rule.message?.trim() || `failed rule: ${rule.rule.trim()}`;
}

function failure({ reason }: ValidationRule, schema: JsonSchema, field: string, message: string): FieldError {
  const at = field || '<nil>';
  switch (reason) {
    case 'FieldValueForbidden':
      return { reason, field: at, message: `Forbidden: ${message}` };
    case 'FieldValueRequired':
      return required(at, message);
    case 'FieldValueDuplicate':
      return duplicate(at, schema.type ?? '');
    default:
      return invalidValue(at, schema.type ?? '', message);
  }
}

/** What is wrong with the CEL rules of a schema that is structural. */
export function checkRules(schema: JsonSchema, field: string): FieldError[] {
  const errors: FieldError[] = [];
  check(schema, field, { isResource: true, correlates: true }, errors);
  return errors;
}

interface Place {
  readonly isResource: boolean;
  /** What stood here before can be told. */
  readonly correlates: boolean;
}

function check(schema: JsonSchema, field: string, place: Place, errors: FieldError[]): void {
  schema['x-kubernetes-validations']?.forEach((rule, i) => {
    errors.push(...checkRule(rule, schema, `${field}.x-kubernetes-validations[${i}]`, place));
  });
  const inside = { ...place, isResource: false };
  const items = itemsOf(schema);
  if (items) {
    const correlates = place.correlates && schema['x-kubernetes-list-type'] === 'map';
    check(items, `${field}.items`, { isResource: false, correlates }, errors);
  }
  const values = valuesOf(schema);
  if (values) check(values, `${field}.additionalProperties`, inside, errors);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    check(property, `${field}.properties[${name}]`, inside, errors);
  }
}

function checkRule(rule: ValidationRule, schema: JsonSchema, field: string, place: Place): FieldError[] {
  const errors: FieldError[] = [];
  const { message, reason, fieldPath, messageExpression } = rule;
  if (!rule.rule?.trim()) return [required(`${field}.rule`, 'rule is not specified')];
  if (rule.rule.includes('\n') && !message?.trim()) {
    errors.push(required(`${field}.message`, 'message must be specified if rule contains line breaks'));
  }
  if (message !== undefined && message !== '' && message.trim() === '') {
    errors.push(invalidValue(`${field}.message`, message, 'message must be non-empty if specified'));
  } else if (message?.includes('\n')) {
    errors.push(invalidValue(`${field}.message`, message, 'message must not contain line breaks'));
  } else if ((message?.length ?? 0) > 2048) {
    errors.push({
      reason: 'FieldValueTooLong',
      field: `${field}.message`,
      message: 'Too long: may not be more than 2048 bytes',
    });
  }
  if (reason && !REASONS.some((known) => known === reason)) {
    errors.push(notSupported(`${field}.reason`, reason, REASONS));
  }
  if (fieldPath) errors.push(...checkFieldPath(fieldPath, schema, `${field}.fieldPath`));
  const variables = variablesOf(rule, schema, place.isResource);
  const compiled = tryCompile(rule.rule, variables, `${field}.rule`, errors);
  if (compiled && compiled.type.kind !== 'bool' && compiled.type.kind !== 'dyn') {
    errors.push(invalidValue(`${field}.rule`, rule.rule, 'cel expression must evaluate to a bool'));
  }
  const speaksOfChange = compiled?.variables.has('oldSelf') ?? false;
  if (speaksOfChange && !place.correlates) {
    errors.push(
      invalidValue(
        `${field}.rule`,
        rule.rule,
        'oldSelf cannot be used on the uncorrelatable portion of the schema',
      ),
    );
  }
  if (rule.optionalOldSelf !== undefined && compiled && !speaksOfChange) {
    errors.push(
      invalidValue(
        `${field}.optionalOldSelf`,
        rule.optionalOldSelf,
        'may not be set if oldSelf is not used in rule',
      ),
    );
  }
  if (messageExpression !== undefined) {
    const at = `${field}.messageExpression`;
    if (!messageExpression.trim())
      errors.push(required(at, 'messageExpression must be non-empty if specified'));
    else {
      const text = tryCompile(messageExpression, variables, at, errors, 'messageExpression ');
      if (text && text.type.kind !== 'string' && text.type.kind !== 'dyn') {
        errors.push(invalidValue(at, messageExpression, 'messageExpression must evaluate to a string'));
      }
    }
  }
  return errors;
}

function tryCompile(
  source: string,
  variables: Record<string, CelType>,
  field: string,
  errors: FieldError[],
  prefix = '',
): Program | undefined {
  try {
    return compile(source, variables);
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    errors.push(invalidValue(field, source, `${prefix}compilation failed: ${error.message}`));
    return undefined;
  }
}

/** `.a.b['c.d']`: must lead to something that the schema describes. */
function checkFieldPath(path: string, schema: JsonSchema, field: string): FieldError[] {
  let at: JsonSchema | undefined = schema;
  const step = /\.([A-Za-z_]\w*)|\['((?:[^'\\]|\\.)*)'\]/y;
  while (step.lastIndex < path.length) {
    const match = step.exec(path);
    if (!match) {
      return [invalidValue(field, path, "fieldPath must be a valid path: expected .name or ['name']")];
    }
    const name: string = match[1] ?? (match[2] ?? '').replace(/\\(.)/g, '$1');
    at = at && (propertyOf(at, name) ?? valuesOf(at));
    if (!at)
      return [
        invalidValue(
          field,
          path,
          `fieldPath must be a valid path: ${JSON.stringify(name)} is not in the schema`,
        ),
      ];
  }
  return [];
}
