import type { ResourceQuota, ResourceQuotaSpec } from 'kubernetes-types/core/v1';
import { type FieldError, IMMUTABLE, invalidValue, required } from '../../meta/field-error';
import type { KindDefinition, PrintColumn } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';
import { keepAllButStatus, keepStatus, setStatus } from '../status-split';
import { isStandardQuotaResource, validateQuotaResource, validateResourceAmount } from './resource-names';

export type { ResourceQuota };

/** Scopes that say something about pods, and which pods they leave out. */
const SCOPES = new Set([
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
  'VolumeAttributesClass',
]);
/** These take no values: a pod is of that sort or it is not. */
const BARE_SCOPES = new Set([
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'CrossNamespacePodAffinity',
]);
const POD_COMPUTE = new Set([
  'cpu',
  'memory',
  'requests.cpu',
  'requests.memory',
  'limits.cpu',
  'limits.memory',
]);

/** How much a namespace may use in all. */
export const resourceQuotaKind: KindDefinition<ResourceQuota> = {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  singular: 'resourcequota',
  shortNames: ['quota'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.ResourceQuota',
  status: true,
  hasGeneration: false,
  deleteReturnsObject: true,
  columns: [
    nameColumn,
    usageColumn('Request', (name) => !name.startsWith('limits.')),
    usageColumn('Limit', (name) => name.startsWith('limits.')),
    ageColumn,
  ],
  default(quota) {
    setStatus(quota, quota.status ?? {});
  },
  prepareForCreate(quota) {
    setStatus(quota, {});
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatus,
  validate: ({ spec }) => [
    ...validateAmounts(spec?.hard, 'spec.hard'),
    ...validateScopes(spec),
    ...validateScopeSelector(spec),
  ],
  validateUpdate(next, previous) {
    const sorted = (quota: ResourceQuota) => [...new Set(quota.spec?.scopes)].sort().join();
    return sorted(next) === sorted(previous)
      ? []
      : [invalidValue('spec.scopes', next.spec?.scopes ?? null, IMMUTABLE)];
  },
  validateStatusUpdate: ({ status }) => [
    ...validateAmounts(status?.hard, 'status.hard'),
    ...validateAmounts(status?.used, 'status.used'),
  ],
};

function usageColumn(name: string, shows: (resource: string) => boolean): PrintColumn<ResourceQuota> {
  return {
    name,
    type: 'string',
    description: `${name}s in use, of those that may be.`,
    cell: ({ status }) =>
      Object.keys(status?.hard ?? {})
        .filter(shows)
        .sort()
        .map((resource) => `${resource}: ${status?.used?.[resource] ?? 0}/${status?.hard?.[resource] ?? 0}`)
        .join(', '),
  };
}

function validateAmounts(amounts: Readonly<Record<string, string>> | undefined, path: string): FieldError[] {
  return Object.entries(amounts ?? {}).flatMap(([name, amount]) => {
    const field = `${path}[${name}]`;
    return [...validateQuotaResource(name, field), ...validateResourceAmount(name, amount, field)];
  });
}

/** Whether a quota with this scope can count the resource: scopes are about pods. */
function fits(scope: string, resource: string): boolean {
  if (!isStandardQuotaResource(resource)) return true;
  switch (scope) {
    case 'BestEffort':
      return resource === 'pods';
    case 'VolumeAttributesClass':
      return resource === 'persistentvolumeclaims' || resource === 'requests.storage';
    default:
      return resource === 'pods' || POD_COMPUTE.has(resource);
  }
}

function conflicting(scopes: ReadonlySet<string>): boolean {
  return (
    (scopes.has('BestEffort') && scopes.has('NotBestEffort')) ||
    (scopes.has('Terminating') && scopes.has('NotTerminating'))
  );
}

function validateScopes(spec: ResourceQuotaSpec | undefined): FieldError[] {
  const scopes = spec?.scopes ?? [];
  const field = 'spec.scopes';
  const errors: FieldError[] = [];
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) errors.push(invalidValue(field, scopes, 'unsupported scope'));
    for (const resource of Object.keys(spec?.hard ?? {})) {
      if (!fits(scope, resource)) {
        errors.push(invalidValue(field, scopes, 'unsupported scope applied to resource'));
      }
    }
  }
  if (conflicting(new Set(scopes))) errors.push(invalidValue(field, scopes, 'conflicting scopes'));
  return errors;
}

function validateScopeSelector(spec: ResourceQuotaSpec | undefined): FieldError[] {
  const expressions = spec?.scopeSelector?.matchExpressions ?? [];
  const path = 'spec.scopeSelector.matchExpressions';
  const errors: FieldError[] = [];
  for (const { scopeName, operator, values } of expressions) {
    if (!SCOPES.has(scopeName)) {
      errors.push(invalidValue(`${path}.scopeName`, scopeName, 'unsupported scope'));
    }
    for (const resource of Object.keys(spec?.hard ?? {})) {
      if (!fits(scopeName, resource)) {
        errors.push(invalidValue(path, spec?.scopeSelector, 'unsupported scope applied to resource'));
      }
    }
    if (BARE_SCOPES.has(scopeName) && operator !== 'Exists') {
      errors.push(
        invalidValue(
          `${path}.operator`,
          operator,
          "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ),
      );
    }
    errors.push(...validateOperator(operator, values, path));
  }
  if (conflicting(new Set(expressions.map(({ scopeName }) => scopeName)))) {
    errors.push(invalidValue(path, expressions, 'conflicting scopes'));
  }
  return errors;
}

function validateOperator(
  operator: string,
  values: readonly string[] | undefined,
  path: string,
): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values?.length
        ? []
        : [
            required(
              `${path}.values`,
              "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
            ),
          ];
    case 'Exists':
    case 'DoesNotExist':
      return values?.length
        ? [
            invalidValue(
              `${path}.values`,
              values,
              "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
            ),
          ]
        : [];
    default:
      return [invalidValue(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}
