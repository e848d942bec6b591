import type { ParamRef, ValidatingAdmissionPolicyBinding } from 'kubernetes-types/admissionregistration/v1';
import {
  complaints,
  duplicate,
  type FieldError,
  forbidden,
  invalidValue,
  required,
} from '../../meta/field-error';
import type { KindDefinition } from '../../meta/kind';
import { validateLabelSelector } from '../../meta/labels';
import { dns1123Subdomain } from '../../meta/names';
import { ageColumn, nameColumn } from '../columns';
import { defaultMatchResources, oneOf, validateMatchResources } from './rules';

export type { ValidatingAdmissionPolicyBinding };

const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NOT_FOUND_ACTIONS = ['Allow', 'Deny'];

/** Puts an admission policy into force, for some objects and with some parameters. */
export const validatingAdmissionPolicyBindingKind: KindDefinition<ValidatingAdmissionPolicyBinding> = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  singular: 'validatingadmissionpolicybinding',
  categories: ['api-extensions'],
  namespaced: false,
  plainFinalizers: true,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  conditionalUpdate: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    {
      name: 'PolicyName',
      type: 'string',
      description: 'The policy that is in force.',
      cell: ({ spec }) => spec?.policyName ?? '',
    },
    {
      name: 'ParamRef',
      type: 'string',
      description: 'What configures it.',
      cell({ spec }) {
        const { name, namespace } = spec?.paramRef ?? {};
        if (!spec?.paramRef) return '<unset>';
        if (!name) return '*';
        return namespace ? `${namespace}/${name}` : `*/${name}`;
      },
    },
    ageColumn,
  ],
  default({ spec }) {
    if (spec?.matchResources) defaultMatchResources(spec.matchResources);
  },
  validate({ spec }) {
    const { policyName = '', validationActions = [] } = spec ?? {};
    const errors: FieldError[] =
      policyName === ''
        ? [required('spec.policyName')]
        : complaints('spec.policyName', policyName, dns1123Subdomain(policyName));
    if (spec?.paramRef) errors.push(...validateParamRef(spec.paramRef));
    if (spec?.matchResources) {
      errors.push(...validateMatchResources(spec.matchResources, 'spec.matchResources'));
    }
    return [...errors, ...validateActions(validationActions)];
  },
};

function validateParamRef(ref: ParamRef): FieldError[] {
  const path = 'spec.paramRef';
  const errors: FieldError[] = [];
  if (ref.name) {
    errors.push(...complaints(`${path}.name`, ref.name, dns1123Subdomain(ref.name)));
    if (ref.selector) errors.push(forbidden(`${path}.name`, 'name and selector are mutually exclusive'));
  }
  if (ref.selector) {
    errors.push(...validateLabelSelector(ref.selector, `${path}.selector`));
    if (ref.name) errors.push(forbidden(`${path}.selector`, 'name and selector are mutually exclusive'));
  }
  if (!ref.name && !ref.selector) errors.push(required(path, 'one of name or selector must be specified'));
  if (!ref.parameterNotFoundAction) errors.push(required(`${path}.parameterNotFoundAction`));
  return [
    ...errors,
    ...oneOf(`${path}.parameterNotFoundAction`, ref.parameterNotFoundAction || undefined, NOT_FOUND_ACTIONS),
  ];
}

function validateActions(actions: readonly string[]): FieldError[] {
  const field = 'spec.validationActions';
  if (actions.length === 0) {
    return [required(field, 'at least one validation action is required')];
  }
  const seen = new Set<string>();
  const errors = actions.flatMap((action, i) => {
    const again = seen.has(action);
    seen.add(action);
    return again ? [duplicate(`${field}[${i}]`, action)] : oneOf(`${field}[${i}]`, action, ACTIONS);
  });
  if (seen.has('Deny') && seen.has('Warn')) {
    errors.push(
      invalidValue(
        field,
        actions,
        'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ),
    );
  }
  return errors;
}
