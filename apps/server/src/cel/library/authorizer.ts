import type { AuthorizationRequest, Decision } from '../../auth/auth';
import type { UserInfo } from '../../http/extension';
import type { Functions } from '../functions';
import { CelError, type CelValue, Opaque } from '../values';

/** Decides one question; `error`: it could not. Throws Pending where the answer has to be waited for. */
export type Decide = (request: AuthorizationRequest) => Decision & { readonly error?: string };

type Resource = NonNullable<AuthorizationRequest['resource']>;

/** A value that is equal to itself alone. */
abstract class Unique extends Opaque {
  override equals(other: CelValue): boolean {
    return this === other;
  }
}

/** The variable `authorizer`: what the user of a request, or a service account, may do. */
export class AuthorizerValue extends Unique {
  readonly typeName = 'kubernetes.authorization.Authorizer';

  constructor(
    readonly user: UserInfo,
    readonly decide: Decide,
    /** What the request itself is about: `authorizer.requestResource`. */
    private readonly requested?: Omit<Resource, 'verb'>,
  ) {
    super();
  }

  override member(name: string): CelValue | undefined {
    if (name !== 'requestResource' || !this.requested) return undefined;
    return new ResourceCheck(this, this.requested);
  }
}

class PathCheck extends Unique {
  readonly typeName = 'kubernetes.authorization.PathCheck';
  constructor(
    readonly authorizer: AuthorizerValue,
    readonly path: string,
  ) {
    super();
  }
}

class GroupCheck extends Unique {
  readonly typeName = 'kubernetes.authorization.GroupCheck';
  constructor(
    readonly authorizer: AuthorizerValue,
    readonly group: string,
  ) {
    super();
  }
}

class ResourceCheck extends Unique {
  readonly typeName = 'kubernetes.authorization.ResourceCheck';
  constructor(
    readonly authorizer: AuthorizerValue,
    readonly resource: Omit<Resource, 'verb'>,
  ) {
    super();
  }
  with(part: Partial<Resource>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.resource, ...part });
  }
}

class DecisionValue extends Unique {
  readonly typeName = 'kubernetes.authorization.Decision';
  constructor(readonly decision: ReturnType<Decide>) {
    super();
  }
}

function serviceAccount({ decide }: AuthorizerValue, namespace: string, name: string): AuthorizerValue {
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  return new AuthorizerValue({ name: `system:serviceaccount:${namespace}:${name}`, groups }, decide);
}

function check(target: PathCheck | ResourceCheck, verb: string): DecisionValue {
  const { user, decide } = target.authorizer;
  return new DecisionValue(
    decide(
      target instanceof PathCheck
        ? { user, path: target.path, verb }
        : { user, resource: { ...target.resource, verb } },
    ),
  );
}

/** A method of a resource check that narrows it. */
const narrowing =
  (part: (text: string) => Partial<Resource>): NonNullable<Functions['methods']>[string] =>
  ([target, text]) =>
    target instanceof ResourceCheck && typeof text === 'string' ? target.with(part(text)) : undefined;

export const AUTHORIZER: Functions = {
  methods: {
    path([target, path]) {
      if (!(target instanceof AuthorizerValue) || typeof path !== 'string') return undefined;
      if (path === '') throw new CelError('path must not be empty');
      return new PathCheck(target, path);
    },
    group: ([target, group]) =>
      target instanceof AuthorizerValue && typeof group === 'string'
        ? new GroupCheck(target, group)
        : undefined,
    serviceAccount: ([target, namespace, name]) =>
      target instanceof AuthorizerValue && typeof namespace === 'string' && typeof name === 'string'
        ? serviceAccount(target, namespace, name)
        : undefined,
    resource: ([target, plural]) =>
      target instanceof GroupCheck && typeof plural === 'string'
        ? new ResourceCheck(target.authorizer, { group: target.group, version: '*', plural })
        : undefined,
    subresource: narrowing((subresource) => ({ subresource })),
    namespace: narrowing((namespace) => ({ namespace })),
    name: narrowing((name) => ({ name })),
    fieldSelector: narrowing((fieldSelector) => ({ fieldSelector })),
    // No rule of this server looks at labels: to ask for some objects is to ask for all.
    labelSelector: narrowing(() => ({})),
    check([target, verb], budget) {
      if (typeof verb !== 'string') return undefined;
      if (!(target instanceof PathCheck || target instanceof ResourceCheck)) return undefined;
      // Somebody's rules are gone through.
      budget.spend(1_000);
      return check(target, verb);
    },
    allowed: ([target]) => (target instanceof DecisionValue ? target.decision.allowed : undefined),
    reason: ([target]) => (target instanceof DecisionValue ? (target.decision.reason ?? '') : undefined),
    errored: ([target]) =>
      target instanceof DecisionValue ? target.decision.error !== undefined : undefined,
    error: ([target]) => (target instanceof DecisionValue ? (target.decision.error ?? '') : undefined),
  },
};
