import type { AuthorizationRequest, Authorizer, Decision } from '../../auth/auth';
import { AuthorizerValue } from '../../cel/library/authorizer';
import { Pending } from '../../cel/pending';
import type { AdmissionAttributes } from '../admission';

type Answer = Decision & { readonly error?: string };

const values = new WeakMap<AdmissionAttributes, AuthorizerValue>();

/** The variable `authorizer` for one request: all expressions about it share the answers. */
export function authorizerOf(attributes: AdmissionAttributes): AuthorizerValue {
  let value = values.get(attributes);
  if (!value) {
    const { kind, subresource, namespace, name, authorizer } = attributes;
    value = new AuthorizerValue(attributes.user, decideWith(authorizer), {
      group: kind.group,
      version: kind.version,
      plural: kind.plural,
      ...(subresource ? { subresource } : {}),
      ...(namespace ? { namespace } : {}),
      ...(name ? { name } : {}),
    });
    values.set(attributes, value);
  }
  return value;
}

/** Answers are kept, for an evaluation that waited for one asks again. */
function decideWith(authorizer: Authorizer | undefined): (request: AuthorizationRequest) => Answer {
  const answers = new Map<string, Answer>();
  return (request) => {
    if (!authorizer) return { allowed: false, error: 'there is no authorizer to ask' };
    const key = JSON.stringify(request);
    const known = answers.get(key);
    if (known) return known;
    const keep = (answer: Answer): Answer => {
      answers.set(key, answer);
      return answer;
    };
    const failed = (error: unknown) =>
      keep({ allowed: false, error: error instanceof Error ? error.message : String(error) });
    try {
      const answer = authorizer.authorize(request);
      if (!(answer instanceof Promise)) return keep(answer);
      throw new Pending(answer.then(keep, failed));
    } catch (error) {
      if (error instanceof Pending) throw error;
      return failed(error);
    }
  };
}
