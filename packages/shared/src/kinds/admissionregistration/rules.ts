import type { MatchResources } from 'kubernetes-types/admissionregistration/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
} from '../../meta/field-error';
import { validateLabelSelector } from '../../meta/labels';
import { qualifiedName } from '../../meta/names';

/** Which requests webhooks and admission policies are asked about. */

/** One rule; resources and scope are missing in the published types. */
export interface Rule {
  apiGroups?: string[];
  apiVersions?: string[];
  operations?: string[];
  resources?: string[];
  resourceNames?: string[];
  scope?: string;
}

export interface MatchCondition {
  name?: string;
  expression?: string;
}

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];
const MAX_MATCH_CONDITIONS = 64;
export const MATCH_POLICIES = ['Equivalent', 'Exact'];
export const FAILURE_POLICIES = ['Fail', 'Ignore'];

export function defaultRules(rules: Rule[] | undefined): void {
  for (const rule of rules ?? []) rule.scope ??= '*';
}

export function defaultMatchResources(match: MatchResources): void {
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
  defaultRules(match.resourceRules);
  defaultRules(match.excludeResourceRules);
}

/** Complains of a value that is not among the supported ones; undefined passes. */
export function oneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)];
}

export function validateMatchResources(match: MatchResources, path: string): FieldError[] {
  return [
    ...oneOf(`${path}.matchPolicy`, match.matchPolicy, MATCH_POLICIES),
    ...validateLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(match.objectSelector, `${path}.objectSelector`),
    ...validateRules(match.resourceRules, `${path}.resourceRules`),
    ...validateRules(match.excludeResourceRules, `${path}.excludeResourceRules`),
  ];
}

export function validateRules(rules: readonly Rule[] | undefined, path: string): FieldError[] {
  return (rules ?? []).flatMap((rule, i) => validateRule(rule, `${path}[${i}]`));
}

function validateRule(rule: Rule, path: string): FieldError[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], resourceNames = [] } = rule;
  const errors: FieldError[] = [];
  const alone = (field: string, values: readonly string[], what: string) => {
    if (values.length > 1 && values.includes('*')) {
      errors.push(
        invalidValue(`${path}.${field}`, values, `if '*' is present, must not specify other ${what}`),
      );
    }
  };
  if (operations.length === 0) errors.push(required(`${path}.operations`));
  alone('operations', operations, 'operations');
  operations.forEach((operation, i) => {
    errors.push(...oneOf(`${path}.operations[${i}]`, operation, OPERATIONS));
  });
  if (apiGroups.length === 0) errors.push(required(`${path}.apiGroups`));
  alone('apiGroups', apiGroups, 'API groups');
  if (apiVersions.length === 0) errors.push(required(`${path}.apiVersions`));
  alone('apiVersions', apiVersions, 'API versions');
  apiVersions.forEach((version, i) => {
    if (version === '') errors.push(required(`${path}.apiVersions[${i}]`));
  });
  errors.push(...validateResources(resources, `${path}.resources`));
  const seen = new Set<string>();
  resourceNames.forEach((name, i) => {
    if (seen.has(name)) errors.push(duplicate(`${path}.resourceNames[${i}]`, name));
    seen.add(name);
  });
  return [...errors, ...oneOf(`${path}.scope`, rule.scope, SCOPES)];
}

/** Wildcards must not stand beside what they already name. */
function validateResources(resources: readonly string[], path: string): FieldError[] {
  if (resources.length === 0) return [required(path)];
  const errors: FieldError[] = [];
  const subresourcesOfAll = new Set<string>();
  const allSubresourcesOf = new Set<string>();
  const has = (resource: string) => resources.includes(resource);
  resources.forEach((resource, i) => {
    const field = `${path}[${i}]`;
    if (resource === '') {
      errors.push(required(field));
      return;
    }
    if (resource === '*/*' && resources.length > 1) {
      errors.push(invalidValue(path, resources, "if '*/*' is present, must not specify other resources"));
    }
    if (has('*') && !resource.includes('/') && resource !== '*') {
      errors.push(
        invalidValue(
          path,
          resources,
          "if '*' is present, must not specify other resources without subresources",
        ),
      );
    }
    const [name = '', sub] = resource.split('/');
    if (sub === undefined) return;
    if (subresourcesOfAll.has(sub)) {
      errors.push(invalidValue(field, resource, `if '*/${sub}' is present, must not specify ${resource}`));
    }
    if (allSubresourcesOf.has(name)) {
      errors.push(invalidValue(field, resource, `if '${name}/*' is present, must not specify ${resource}`));
    }
    if (name === '*' && sub !== '*') subresourcesOfAll.add(sub);
    if (sub === '*' && name !== '*') allSubresourcesOf.add(name);
  });
  return errors;
}

export function validateMatchConditions(
  conditions: readonly MatchCondition[] | undefined,
  path: string,
): FieldError[] {
  const list = conditions ?? [];
  const errors: FieldError[] = [];
  if (list.length > MAX_MATCH_CONDITIONS) {
    errors.push({
      reason: 'FieldValueTooMany',
      field: path,
      message: `Too many: ${list.length}: must have at most ${MAX_MATCH_CONDITIONS} items`,
    });
  }
  const seen = new Set<string>();
  list.forEach(({ name = '', expression = '' }, i) => {
    const at = `${path}[${i}]`;
    if (expression.trim() === '') errors.push(required(`${at}.expression`));
    if (name === '') errors.push(required(`${at}.name`));
    else {
      errors.push(...complaints(`${at}.name`, name, qualifiedName(name)));
      if (seen.has(name)) errors.push(duplicate(`${at}.name`, name));
      seen.add(name);
    }
  });
  return errors;
}
