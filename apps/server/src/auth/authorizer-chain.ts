import type { AuthorizationRequest, Authorizer, Decision } from './auth';

/** Allowed when one of the authorizers allows it, asked in order. The reasons of those that refuse are joined. */
export function chainAuthorizers(authorizers: readonly Authorizer[]): Authorizer {
  function ask(
    request: AuthorizationRequest,
    from: number,
    reasons: readonly string[],
  ): Decision | Promise<Decision> {
    let collected = reasons;
    for (let index = from; index < authorizers.length; index++) {
      const answer = authorizers[index]?.authorize(request);
      if (answer === undefined) continue;
      if (answer instanceof Promise) {
        const soFar = collected;
        return answer.then((decision) =>
          decision.allowed ? decision : ask(request, index + 1, join(soFar, decision)),
        );
      }
      if (answer.allowed) return answer;
      collected = join(collected, answer);
    }
    return collected.length ? { allowed: false, reason: collected.join('; ') } : { allowed: false };
  }
  return { authorize: (request) => ask(request, 0, []) };
}

function join(reasons: readonly string[], decision: Decision): readonly string[] {
  return decision.reason ? [...reasons, decision.reason] : reasons;
}

/** Members of system:masters may do everything: the way in when all other rules are broken. */
export const mastersAuthorizer: Authorizer = {
  authorize: ({ user }) => ({ allowed: user.groups.includes('system:masters') }),
};
