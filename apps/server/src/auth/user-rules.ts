import type { UserInfo } from '../http/extension';
import type { AuthorizationRequest } from './auth';
import { nameMatches, type PolicyRule, ruleAllows, ruleGrants } from './rbac-rules';
import { clusterRulesFor, namespaceRulesFor, type RbacSource } from './rbac-source';

/** Kinds of questions that are remembered for one set of rules; what is asked for comes from outside. */
const MAX_REMEMBERED = 2048;

/** Rules with what they answered before, so that a busy client costs one look-up per request. */
class RuleSet {
  /** By verb and resource: granted for every name, for none, or for these. */
  readonly #remembered = new Map<string, boolean | ReadonlySet<string>>();

  constructor(private readonly rules: readonly PolicyRule[]) {}

  allows({ verb, group, plural, subresource, name }: NonNullable<AuthorizationRequest['resource']>): boolean {
    if (this.rules.length === 0) return false;
    const key = `${verb} ${group}/${plural}/${subresource ?? ''}`;
    let granted = this.#remembered.get(key);
    if (granted === undefined) {
      granted = this.#decide({ verb, group, plural, subresource });
      if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
      this.#remembered.set(key, granted);
    }
    return typeof granted === 'boolean' ? granted : name !== undefined && granted.has(name);
  }

  #decide(action: Parameters<typeof ruleGrants>[1]): boolean | ReadonlySet<string> {
    const names = new Set<string>();
    for (const rule of this.rules) {
      if (!ruleGrants(rule, action)) continue;
      if (nameMatches(rule.resourceNames, undefined)) return true;
      for (const name of rule.resourceNames ?? []) names.add(name);
    }
    return names.size > 0 && names;
  }

  allowsPath(request: AuthorizationRequest): boolean {
    return this.rules.some((rule) => rule.nonResourceURLs && ruleAllows(rule, request));
  }
}

/** What one user may do, gathered from the bindings when it is first asked for. */
export class UserRules {
  readonly #cluster: RuleSet;
  readonly #namespaces = new Map<string, RuleSet>();

  constructor(
    private readonly source: RbacSource,
    private readonly user: UserInfo,
  ) {
    this.#cluster = new RuleSet([...clusterRulesFor(source, user)]);
  }

  allows(request: AuthorizationRequest): boolean {
    const { resource } = request;
    if (!resource) return this.#cluster.allowsPath(request);
    if (this.#cluster.allows(resource)) return true;
    return !!resource.namespace && this.#in(resource.namespace).allows(resource);
  }

  #in(namespace: string): RuleSet {
    let rules = this.#namespaces.get(namespace);
    if (!rules) {
      rules = new RuleSet([...namespaceRulesFor(this.source, this.user, namespace)]);
      if (this.#namespaces.size >= MAX_REMEMBERED) this.#namespaces.clear();
      this.#namespaces.set(namespace, rules);
    }
    return rules;
  }
}
