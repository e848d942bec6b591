import { mutatingWebhookConfigurationKind } from '@wheelhouse/shared/kinds/admissionregistration/mutating-webhook-configuration';
import type { MatchCondition } from '@wheelhouse/shared/kinds/admissionregistration/rules';
import { validatingAdmissionPolicyKind } from '@wheelhouse/shared/kinds/admissionregistration/validating-admission-policy';
import { validatingWebhookConfigurationKind } from '@wheelhouse/shared/kinds/admissionregistration/validating-webhook-configuration';
import { keepStatus, setStatus } from '@wheelhouse/shared/kinds/status-split';
import { type FieldError, invalidValue } from '@wheelhouse/shared/meta/field-error';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type {
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingWebhookConfiguration,
} from 'kubernetes-types/admissionregistration/v1';
import { CelCompileError, compile } from '../../cel/compile';
import { CONDITION_VARIABLES } from '../matching/conditions';
import { POLICY_VARIABLES } from './policy';
import { checkTypes } from './type-check';

type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

/** The kind as the API server validates it: beyond its own rules, the expressions in it must compile. */
function checked<T extends KubeObject>(
  kind: KindDefinition<T>,
  check: (object: T) => FieldError[],
): KindDefinition<T> {
  return { ...kind, validate: (object) => [...(kind.validate?.(object) ?? []), ...check(object)] };
}

const checkWebhooks = ({ webhooks = [] }: Configuration): FieldError[] =>
  webhooks.flatMap(({ matchConditions }, i) =>
    checkConditions(matchConditions, `webhooks[${i}].matchConditions`, CONDITION_VARIABLES),
  );

function checkPolicy({ spec = {} }: ValidatingAdmissionPolicy): FieldError[] {
  const { matchConditions, variables = [], validations = [], auditAnnotations = [] } = spec;
  return [
    ...checkConditions(matchConditions, 'spec.matchConditions', POLICY_VARIABLES),
    ...variables.flatMap(({ expression }, i) =>
      checkExpression(expression, `spec.variables[${i}].expression`, undefined),
    ),
    ...validations.flatMap(({ expression, messageExpression }, i) => [
      ...checkExpression(expression, `spec.validations[${i}].expression`, 'bool'),
      ...checkExpression(messageExpression, `spec.validations[${i}].messageExpression`, 'string'),
    ]),
    ...auditAnnotations.flatMap(({ valueExpression }, i) =>
      checkExpression(valueExpression, `spec.auditAnnotations[${i}].valueExpression`, undefined),
    ),
  ];
}

function checkConditions(
  conditions: readonly MatchCondition[] = [],
  path: string,
  variables: typeof CONDITION_VARIABLES,
): FieldError[] {
  return conditions.flatMap(({ expression }, i) =>
    checkExpression(expression, `${path}[${i}].expression`, 'bool', variables),
  );
}

/** What is missing altogether is complained of elsewhere. */
function checkExpression(
  expression: string | undefined,
  field: string,
  wanted: 'bool' | 'string' | undefined,
  variables: typeof CONDITION_VARIABLES = POLICY_VARIABLES,
): FieldError[] {
  if (!expression?.trim()) return [];
  try {
    const { kind } = compile(expression, variables).type;
    if (wanted === undefined || kind === 'dyn' || kind === wanted) return [];
    return [invalidValue(field, expression, `must evaluate to ${wanted}`)];
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return [invalidValue(field, expression, `compilation failed: ${error.message}`)];
  }
}

/**
 * The kind of policies as the API server keeps it: their status, which Kubernetes has a controller for, is told along
 * with what it is about. `kinds`: those that are served at the moment.
 */
function policyKind(kinds: () => readonly KindDefinition[]): KindDefinition<ValidatingAdmissionPolicy> {
  const statusAt = (policy: ValidatingAdmissionPolicy, observedGeneration: number) => {
    const expressionWarnings = checkTypes(policy, kinds());
    return {
      observedGeneration,
      typeChecking: expressionWarnings.length > 0 ? { expressionWarnings } : {},
    };
  };
  return {
    ...checked(validatingAdmissionPolicyKind, checkPolicy),
    prepareForCreate: (policy) => setStatus(policy, isCompilable(policy) ? statusAt(policy, 1) : {}),
    prepareForUpdate(next, previous) {
      keepStatus(next, previous);
      if (equalJson(next.spec, previous.spec) || !isCompilable(next)) return;
      const generation = (previous.metadata?.generation ?? 0) + 1;
      setStatus(next, { ...previous.status, ...statusAt(next, generation) });
    },
  };
}

/** Others are about to be refused. */
const isCompilable = (policy: ValidatingAdmissionPolicy) => checkPolicy(policy).length === 0;

/** The kinds with expressions in them, by the kind that each of them takes the place of. */
export function checkedKinds(kinds: () => readonly KindDefinition[]): ReadonlyMap<unknown, KindDefinition> {
  return new Map<unknown, KindDefinition>([
    [mutatingWebhookConfigurationKind, checked(mutatingWebhookConfigurationKind, checkWebhooks)],
    [validatingWebhookConfigurationKind, checked(validatingWebhookConfigurationKind, checkWebhooks)],
    [validatingAdmissionPolicyKind, policyKind(kinds)],
  ]);
}
