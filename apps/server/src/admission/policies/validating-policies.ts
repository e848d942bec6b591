import { apiError, type ErrorReason } from '@wheelhouse/shared/errors';
import { validatingAdmissionPolicyKind } from '@wheelhouse/shared/kinds/admissionregistration/validating-admission-policy';
import { validatingAdmissionPolicyBindingKind } from '@wheelhouse/shared/kinds/admissionregistration/validating-admission-policy-binding';
import { groupResourceOf } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import type {
  MatchResources,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from 'kubernetes-types/admissionregistration/v1';
import type { Bindings } from '../../cel/compile';
import { settled } from '../../cel/pending';
import { fromJson } from '../../cel/values';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission';
import { authorizerOf } from '../matching/authorizer';
import { inForm, requestValues } from '../matching/request-values';
import { isExempt, matchRules, type RuleMatch } from '../matching/rules';
import { namespaceOf, ScopeSelectors } from '../matching/selectors';
import { type FindKind, paramsOf } from './params';
import { CompiledPolicy, type Judgement, NO_OBJECTION, type Violation } from './policy';
import { PolicyAnnotations } from './policy-annotations';

type Policy = Stored<ValidatingAdmissionPolicy>;
type Binding = Stored<ValidatingAdmissionPolicyBinding>;

const compiled = new WeakMap<Policy, CompiledPolicy>();
const selectors = new WeakMap<MatchResources, ScopeSelectors>();

/** Holds requests to the policies that are bound: what violates one is refused, warned of, or only noted. */
export function validatingPolicies(findKind: FindKind): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionPolicy',
    validate(attributes) {
      const { reader } = attributes;
      if (isExempt(attributes)) return;
      const bindings = reader.recent?.(validatingAdmissionPolicyBindingKind);
      if (Array.isArray(bindings) && bindings.length === 0) return;
      return judge(attributes, findKind);
    },
  };
}

async function judge(attributes: AdmissionAttributes, findKind: FindKind): Promise<void> {
  const { reader } = attributes;
  const all = async <T extends KubeObject>(kind: Parameters<typeof reader.list<T>>[0]) =>
    reader.recent?.(kind) ?? reader.list(kind);
  const policies = new Map(
    (await all(validatingAdmissionPolicyKind)).map((policy) => [policy.metadata.name, policy]),
  );
  const bindings = [...(await all(validatingAdmissionPolicyBindingKind))].sort((a, b) =>
    a.metadata.name < b.metadata.name ? -1 : 1,
  );
  const annotations = new PolicyAnnotations();
  let refused: Error | undefined;
  for (const binding of bindings) {
    const policy = policies.get(binding.spec?.policyName ?? '');
    if (!policy) continue;
    // All have their say, for what they warn of and note, before the first refusal counts.
    const refusal = await apply(attributes, { policy, binding, findKind, annotations });
    refused ??= refusal;
  }
  annotations.tell(attributes);
  if (refused) throw refused;
}

interface Bound {
  readonly policy: Policy;
  readonly binding: Binding;
  readonly findKind: FindKind;
  readonly annotations: PolicyAnnotations;
}

/** Resolves with the refusal, if there is one. */
async function apply(attributes: AdmissionAttributes, bound: Bound): Promise<Error | undefined> {
  const { policy, binding, annotations } = bound;
  const match = await matches(policy.spec?.matchConstraints, attributes);
  if (!match || !(await matches(binding.spec?.matchResources ?? {}, attributes))) return undefined;
  const judgements = await judgementsOf(attributes, bound, match);
  const violations = judgements.flatMap((judgement) => judgement.violations);
  const actions = binding.spec?.validationActions ?? [];
  const names = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
  for (const violation of violations) {
    if (actions.includes('Warn')) attributes.warn?.(`Validation failed for ${names}: ${violation.message}`);
    if (actions.includes('Audit')) annotations.failed(policy, binding, violation);
  }
  for (const judgement of judgements) annotations.add(policy, judgement.annotations);
  const [fault] = judgements.flatMap(({ faults }) => faults);
  const first = actions.includes('Deny') ? violations[0] : undefined;
  if (first) return refusal(attributes, names, first);
  return fault === undefined ? undefined : refusal(attributes, names, { message: fault, reason: 'Invalid' });
}

async function judgementsOf(
  attributes: AdmissionAttributes,
  { policy, binding, findKind }: Bound,
  match: RuleMatch,
): Promise<Judgement[]> {
  const { paramKind, failurePolicy } = policy.spec ?? {};
  const { paramRef } = binding.spec ?? {};
  let params: readonly (KubeObject | undefined)[] = [undefined];
  if (paramKind && paramRef) {
    const { system, namespace } = attributes;
    if (!system) return [];
    try {
      params = (await paramsOf(system, { paramKind, paramRef, namespace }, findKind)) ?? [];
    } catch (error) {
      if (failurePolicy === 'Ignore') return [];
      const message = error instanceof Error ? error.message : String(error);
      return [{ ...NO_OBJECTION, violations: [{ message, reason: 'Invalid' }] }];
    }
  }
  let program = compiled.get(policy);
  if (!program) {
    program = new CompiledPolicy(policy);
    compiled.set(policy, program);
  }
  const evaluated = program;
  const shared = await bindingsOf(attributes, match);
  const judgements: Judgement[] = [];
  for (const param of params) {
    const bindings = { ...shared, params: fromJson(param) };
    judgements.push(await settled(() => evaluated.evaluate(bindings)));
  }
  return judgements;
}

async function bindingsOf(attributes: AdmissionAttributes, { form }: RuleMatch): Promise<Bindings> {
  const request = await inForm(attributes, form);
  return {
    object: fromJson(request.object),
    oldObject: fromJson(request.oldObject),
    request: fromJson(requestValues(attributes, request)),
    namespaceObject: fromJson(await namespaceOf(attributes)),
    authorizer: authorizerOf(attributes),
  };
}

/** Undefined: the request is none of those that are meant. Without rules all are. */
async function matches(
  match: MatchResources | undefined,
  attributes: AdmissionAttributes,
): Promise<RuleMatch | undefined> {
  if (!match) return undefined;
  const { resourceRules = [], excludeResourceRules = [], matchPolicy } = match;
  const found =
    resourceRules.length === 0 ? { form: undefined } : matchRules(resourceRules, matchPolicy, attributes);
  if (!found || matchRules(excludeResourceRules, matchPolicy, attributes)) return undefined;
  let selector = selectors.get(match);
  if (!selector) {
    selector = new ScopeSelectors(match);
    selectors.set(match, selector);
  }
  return (await selector.select(attributes)) ? found : undefined;
}

const REASONS: readonly ErrorReason[] = ['Forbidden', 'Invalid', 'RequestEntityTooLarge', 'Unauthorized'];

function refusal({ kind, name }: AdmissionAttributes, names: string, { message, reason }: Violation): Error {
  const why = `${names} denied request: ${message}`;
  return apiError(
    REASONS.find((known) => known === reason) ?? 'Invalid',
    `${groupResourceOf(kind)} ${JSON.stringify(name)} is forbidden: ${why}`,
    { subject: { group: kind.group, kind: kind.plural, name }, causes: [{ reason: '', message: why }] },
  );
}
