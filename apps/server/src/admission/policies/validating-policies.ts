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
import { fromJson } from '../../cel/values';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission';
import { inForm, requestValues } from '../matching/request-values';
import { isExempt, matchRules, type RuleMatch } from '../matching/rules';
import { namespaceOf, ScopeSelectors } from '../matching/selectors';
import { type FindKind, paramsOf } from './params';
import { CompiledPolicy, type Violation } from './policy';

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
  for (const binding of bindings) {
    const policy = policies.get(binding.spec?.policyName ?? '');
    if (policy) await apply(attributes, { policy, binding, findKind });
  }
}

interface Bound {
  readonly policy: Policy;
  readonly binding: Binding;
  readonly findKind: FindKind;
}

async function apply(attributes: AdmissionAttributes, bound: Bound): Promise<void> {
  const { policy, binding } = bound;
  const match = await matches(policy.spec?.matchConstraints, attributes);
  if (!match || !(await matches(binding.spec?.matchResources ?? {}, attributes))) return;
  const violations = await violationsOf(attributes, bound, match);
  const actions = binding.spec?.validationActions ?? [];
  const names = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
  for (const violation of violations) {
    if (actions.includes('Warn')) attributes.warn?.(`Validation failed for ${names}: ${violation.message}`);
  }
  const [first] = violations;
  if (first && actions.includes('Deny')) throw refusal(attributes, names, first);
}

async function violationsOf(
  attributes: AdmissionAttributes,
  { policy, binding, findKind }: Bound,
  match: RuleMatch,
): Promise<Violation[]> {
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
      return [{ message: error instanceof Error ? error.message : String(error), reason: 'Invalid' }];
    }
  }
  let program = compiled.get(policy);
  if (!program) {
    program = new CompiledPolicy(policy);
    compiled.set(policy, program);
  }
  const evaluated = program;
  const shared = await bindingsOf(attributes, match);
  return params.flatMap((param) => evaluated.evaluate({ ...shared, params: fromJson(param) }));
}

async function bindingsOf(attributes: AdmissionAttributes, { form }: RuleMatch): Promise<Bindings> {
  const request = await inForm(attributes, form);
  return {
    object: fromJson(request.object),
    oldObject: fromJson(request.oldObject),
    request: fromJson(requestValues(attributes, request)),
    namespaceObject: fromJson(await namespaceOf(attributes)),
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
