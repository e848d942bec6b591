import type { UserInfo } from '../http/extension';
import type { AuthorizationRequest, Authorizer, Decision } from './auth';
import { reasonFor } from './rbac-reason';
import type { RbacSource } from './rbac-source';
import { UserRules } from './user-rules';

const REFUSED: Decision = { allowed: false };

/** Which binding it is that allows a request is looked for only when somebody wants to know. */
class Granted implements Decision {
  readonly allowed = true;
  constructor(
    private readonly source: RbacSource,
    private readonly request: AuthorizationRequest,
  ) {}
  get reason(): string {
    return reasonFor(this.source, this.request);
  }
}

/** Users whose rules are remembered. */
const MAX_USERS = 10_000;

/**
 * Role-based access control: allows what some rule of some bound role grants, and has no other opinion. Cluster role
 * bindings count everywhere, role bindings only for namespaced requests of their namespace. What a user may do is
 * gathered once and kept until roles or bindings change.
 */
export function createRbacAuthorizer(source: RbacSource): Authorizer {
  let generation = source.generation;
  /** Most users are one object for as long as their connection lives. */
  let byUser = new WeakMap<UserInfo, UserRules>();
  const byName = new Map<string, UserRules>();

  function rulesOf(user: UserInfo): UserRules {
    if (source.generation !== generation) {
      generation = source.generation;
      byUser = new WeakMap();
      byName.clear();
    }
    let rules = byUser.get(user);
    if (rules) return rules;
    const key = [user.name, ...user.groups].join('\0');
    rules = byName.get(key);
    if (!rules) {
      rules = new UserRules(source, user);
      if (byName.size >= MAX_USERS) byName.clear();
      byName.set(key, rules);
    }
    byUser.set(user, rules);
    return rules;
  }

  return {
    authorize: (request): Decision =>
      rulesOf(request.user).allows(request) ? new Granted(source, request) : REFUSED,
  };
}
