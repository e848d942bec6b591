import type { Rule } from '@wheelhouse/shared/kinds/admissionregistration/rules';
import type { AdmissionAttributes, AdmissionOperation, EquivalentForm } from '../admission';

/** A resource as rules name it. */
export interface RuleSubject {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly subresource: string;
  readonly namespaced: boolean;
  readonly name: string;
  readonly operation: AdmissionOperation;
}

/** What a request is about, in the form that it came in. */
export function subjectOf(attributes: AdmissionAttributes): RuleSubject {
  const { kind, subresource = '', name } = attributes;
  const operation = attributes.sent?.operation ?? attributes.operation;
  return { ...formOf(kind), subresource, name, operation };
}

function formOf({ group, version, plural, namespaced }: AdmissionAttributes['kind']) {
  return { group, version, plural, namespaced };
}

/** The form in which a rule wants to be asked; undefined: no rule is about the request. */
export interface RuleMatch {
  /** Undefined: as the request came in. */
  readonly form: EquivalentForm | undefined;
}

/**
 * Finds a rule that is about the request: in the form that it came in if there is one, otherwise (unless the policy is
 * `Exact`) in another form in which the same objects are served.
 */
export function matchRules(
  rules: readonly Rule[],
  matchPolicy: string | undefined,
  attributes: AdmissionAttributes,
): RuleMatch | undefined {
  const subject = subjectOf(attributes);
  if (rules.some((rule) => ruleMatches(rule, subject))) return { form: undefined };
  // Rules that the request would not match in any form need no look at the others.
  if (matchPolicy === 'Exact' || !rules.some((rule) => concerns(rule, subject))) return undefined;
  for (const rule of rules) {
    for (const form of attributes.equivalents ?? []) {
      if (ruleMatches(rule, { ...subject, ...formOf(form.kind) })) return { form };
    }
  }
  return undefined;
}

function ruleMatches(rule: Rule, subject: RuleSubject): boolean {
  return (
    includes(rule.apiGroups, subject.group) &&
    includes(rule.apiVersions, subject.version) &&
    concerns(rule, subject)
  );
}

/** Whether the rule is about the request, were it not for group and version. */
function concerns(rule: Rule, subject: RuleSubject): boolean {
  const { scope = '*', resourceNames = [] } = rule;
  if (!includes(rule.operations, subject.operation.toUpperCase())) return false;
  if (scope !== '*' && (scope === 'Namespaced') !== subject.namespaced) return false;
  if (resourceNames.length > 0 && !resourceNames.includes(subject.name)) return false;
  return (rule.resources ?? []).some((pattern) => {
    const [plural, subresource = ''] = pattern.split('/', 2);
    return (
      (plural === '*' || plural === subject.plural) &&
      (subresource === '*' || subresource === subject.subresource)
    );
  });
}

function includes(values: readonly string[] | undefined, value: string): boolean {
  return values?.some((one) => one === '*' || one === value) ?? false;
}

const OWN_GROUP = 'admissionregistration.k8s.io';

/** The identity in which the API server itself writes. */
const SELF = 'system:apiserver';

/**
 * What governs admission is never subject to it, or nobody could ever repair it; nor is the server's own bookkeeping,
 * which has to go on, and the server to start, while nobody outside can be reached.
 */
export function isExempt({ kind, user }: AdmissionAttributes): boolean {
  return kind.group === OWN_GROUP || user.name === SELF;
}
