import { apiError } from '@wheelhouse/shared/errors';
import type { AuthorizationRequest, Authorizer, Decision } from '../auth/auth';

/** Resolves when the request may happen; throws Forbidden. Without a promise where the authorizer decides at once. */
export function authorize(authorizer: Authorizer, request: AuthorizationRequest): void | Promise<void> {
  const decision = authorizer.authorize(request);
  if (decision instanceof Promise) return decision.then((late) => enforce(late, request));
  enforce(decision, request);
}

function enforce(decision: Decision, request: AuthorizationRequest): void {
  if (decision.allowed) return;
  const { resource, user } = request;
  const reason = decision.reason ? `: ${decision.reason}` : '';
  if (!resource) {
    throw apiError(
      'Forbidden',
      `forbidden: User ${JSON.stringify(user.name)} cannot ${request.verb} path ${JSON.stringify(request.path)}${reason}`,
    );
  }
  const { group, plural, subresource, namespace, name, verb } = resource;
  const qualified = group ? `${plural}.${group}` : plural;
  const what = subresource ? `${plural}/${subresource}` : plural;
  const where = namespace ? `in the namespace ${JSON.stringify(namespace)}` : 'at the cluster scope';
  const subject = name ? `${qualified} ${JSON.stringify(name)}` : qualified;
  throw apiError(
    'Forbidden',
    `${subject} is forbidden: User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}${reason}`,
    { subject: { group, kind: plural, name } },
  );
}
