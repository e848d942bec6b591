import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicySpec,
} from 'kubernetes-types/admissionregistration/v1';
import { complaints, duplicate, type FieldError, invalidValue, required } from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { qualifiedName } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { keepAllButStatusAlone, keepStatus, setStatus } from '../status-split';
import {
  defaultMatchResources,
  FAILURE_POLICIES,
  oneOf,
  validateMatchConditions,
  validateMatchResources,
} from './rules';

export type { ValidatingAdmissionPolicy };

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];
const MAX_AUDIT_ANNOTATIONS = 20;
const MAX_MESSAGE = 5 * 1024;

/** Conditions, written in CEL, that objects must fulfil. */
export const validatingAdmissionPolicyKind: KindDefinition<ValidatingAdmissionPolicy> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  categories: ['api-extensions'],
  namespaced: false,
  plainFinalizers: true,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  conditionalUpdate: true,
  status: true,
  columns: [
    nameColumn,
    {
      name: 'Validations',
      type: 'integer',
      description: 'The number of conditions.',
      cell: ({ spec }) => spec?.validations?.length ?? 0,
    },
    {
      name: 'ParamKind',
      type: 'string',
      description: 'What the policy is configured by.',
      cell: ({ spec }) =>
        spec?.paramKind ? `${spec.paramKind.apiVersion}/${spec.paramKind.kind}` : '<unset>',
    },
    ageColumn,
  ],
  default(policy) {
    const { spec } = policy;
    setStatus(policy, policy.status ?? {});
    if (!spec) return;
    spec.failurePolicy ??= 'Fail';
    if (spec.matchConstraints) defaultMatchResources(spec.matchConstraints);
  },
  prepareForCreate(policy) {
    setStatus(policy, {});
  },
  prepareForUpdate: keepStatus,
  prepareForStatusUpdate: keepAllButStatusAlone,
  validate: ({ metadata, spec }) => validateSpec(spec ?? {}, metadata?.name ?? ''),
};

function validateSpec(spec: ValidatingAdmissionPolicySpec, name: string): FieldError[] {
  const { validations = [], auditAnnotations = [], matchConstraints, paramKind } = spec;
  const errors = oneOf('spec.failurePolicy', spec.failurePolicy, FAILURE_POLICIES);
  if (paramKind) errors.push(...validateParamKind(paramKind));
  if (!matchConstraints) errors.push(required('spec.matchConstraints'));
  else {
    errors.push(...validateMatchResources(matchConstraints, 'spec.matchConstraints'));
    if (!matchConstraints.resourceRules?.length) {
      errors.push(required('spec.matchConstraints.resourceRules'));
    }
  }
  errors.push(...validateMatchConditions(spec.matchConditions, 'spec.matchConditions'));
  errors.push(...validateVariables(spec.variables ?? []));
  if (validations.length === 0 && auditAnnotations.length === 0) {
    const text = 'validations or auditAnnotations must contain at least one item';
    errors.push(required('spec.validations', text), required('spec.auditAnnotations', text));
  }
  validations.forEach(({ expression = '', message, messageExpression, reason }, i) => {
    const at = `spec.validations[${i}]`;
    if (expression.trim() === '') errors.push(required(`${at}.expression`, 'expression is not specified'));
    if (messageExpression !== undefined && messageExpression.trim() === '') {
      errors.push(
        invalidValue(`${at}.messageExpression`, messageExpression, 'must be non-empty if specified'),
      );
    }
    if (message !== undefined) errors.push(...validateMessage(message, `${at}.message`));
    else if (expression.includes('\n')) {
      errors.push(required(`${at}.message`, 'message must be specified if expression contains line breaks'));
    }
    errors.push(...oneOf(`${at}.reason`, reason, REASONS));
  });
  if (auditAnnotations.length > MAX_AUDIT_ANNOTATIONS) {
    errors.push(
      invalidValue(
        'spec.auditAnnotations',
        auditAnnotations,
        `must not have more than ${MAX_AUDIT_ANNOTATIONS} auditAnnotations`,
      ),
    );
  }
  const keys = new Set<string>();
  auditAnnotations.forEach(({ key = '', valueExpression = '' }, i) => {
    const at = `spec.auditAnnotations[${i}]`;
    if (keys.has(key)) errors.push(duplicate(`${at}.key`, key));
    keys.add(key);
    errors.push(...complaints(`${at}.key`, key, qualifiedName(`${name}/${key}`)));
    if (valueExpression.trim() === '') {
      errors.push(required(`${at}.valueExpression`, 'valueExpression is not specified'));
    }
  });
  return errors;
}

function validateMessage(message: string, field: string): FieldError[] {
  if (message.trim() === '') {
    return [invalidValue(field, message, 'message must be non-empty if specified')];
  }
  if (message.includes('\n')) return [invalidValue(field, message, 'message must not contain line breaks')];
  return message.length > MAX_MESSAGE
    ? [{ reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${MAX_MESSAGE} bytes` }]
    : [];
}

function validateParamKind({ apiVersion, kind }: { apiVersion?: string; kind?: string }): FieldError[] {
  const errors: FieldError[] = [];
  if (!apiVersion) errors.push(required('spec.paramKind.apiVersion'));
  else if (apiVersion.split('/').length > 2) {
    errors.push(invalidValue('spec.paramKind.apiVersion', apiVersion, 'must be a group and a version'));
  }
  if (!kind) errors.push(required('spec.paramKind.kind'));
  return errors;
}

function validateVariables(variables: readonly { name: string; expression: string }[]): FieldError[] {
  const names = new Set<string>();
  return variables.flatMap(({ name = '', expression = '' }, i) => {
    const at = `spec.variables[${i}]`;
    const errors: FieldError[] = [];
    if (name === '') errors.push(required(`${at}.name`, 'name is not specified'));
    else if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      errors.push(invalidValue(`${at}.name`, name, 'name is not a valid CEL identifier'));
    }
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (expression.trim() === '') {
      errors.push(required(`${at}.expression`, 'expression is not specified'));
    }
    return errors;
  });
}
