import type { PolicyRule } from 'kubernetes-types/rbac/v1';
import type { AuthorizationRequest } from './auth';

export type { PolicyRule };

/** Whether one RBAC rule grants a request. A rule speaks either of resources or of non-resource paths. */
export function ruleAllows(rule: PolicyRule, request: AuthorizationRequest): boolean {
  const { resource } = request;
  if (!resource) {
    return (
      includes(rule.verbs, request.verb ?? '') &&
      (rule.nonResourceURLs ?? []).some((pattern) => pathMatches(pattern, request.path ?? ''))
    );
  }
  return ruleGrants(rule, resource) && nameMatches(rule.resourceNames, resource.name);
}

/** Whether a rule grants the verb on the resource, for some name at least. */
export function ruleGrants(
  rule: PolicyRule,
  action: { verb: string; group: string; plural: string; subresource?: string | undefined },
): boolean {
  return (
    includes(rule.verbs, action.verb) &&
    includes(rule.apiGroups, action.group) &&
    (rule.resources ?? []).some((pattern) => resourceMatches(pattern, action.plural, action.subresource))
  );
}

/** `*` covers everything, `*` + `/scale` that subresource of everything, `pods/log` one subresource; `pods` no subresource. */
function resourceMatches(pattern: string, plural: string, subresource: string | undefined): boolean {
  if (pattern === '*') return true;
  const wanted = subresource ? `${plural}/${subresource}` : plural;
  return pattern === wanted || (subresource !== undefined && pattern === `*/${subresource}`);
}

/** An empty list grants every name; a list never grants requests without a name (list, watch, create). */
export function nameMatches(names: readonly string[] | undefined, name: string | undefined): boolean {
  return !names?.length || (name !== undefined && names.includes(name));
}

/** `*` at the end stands for any rest, `/apis/*`. */
function pathMatches(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : pattern === path;
}

function includes(values: readonly string[] | undefined, wanted: string): boolean {
  return values !== undefined && (values.includes('*') || values.includes(wanted));
}
