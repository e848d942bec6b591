import { badRequest } from '@wheelhouse/shared/errors';
import type { TokenReview } from 'kubernetes-types/authentication/v1';
import type { UserInfo, VirtualResource } from '../../http/extension';
import { API_AUDIENCE } from '../service-account-keys';
import { readObject } from './access-reviews';

/** Whose token this is, for some audiences; undefined for a token that is nobody's. */
export type ReviewToken = (
  token: string,
  audiences: readonly string[],
) => Promise<{ user: UserInfo; audiences: readonly string[] } | undefined>;

/** TokenReview (for webhooks and extension servers) and SelfSubjectReview (`kubectl auth whoami`). */
export function createIdentityReviews(reviewToken: ReviewToken): VirtualResource[] {
  return [
    {
      plural: 'tokenreviews',
      singular: 'tokenreview',
      kind: 'TokenReview',
      namespaced: false,
      async create(body) {
        const { spec, ...rest } = readObject<TokenReview>(body);
        if (!spec?.token) throw badRequest('token is required for TokenReview in authentication');
        const found = await reviewToken(spec.token, spec.audiences?.length ? spec.audiences : [API_AUDIENCE]);
        return {
          kind: 'TokenReview',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: { creationTimestamp: null },
          ...rest,
          spec,
          status: found
            ? {
                authenticated: true,
                user: describeUser(found.user),
                ...(spec.audiences?.length ? { audiences: found.audiences } : {}),
              }
            : { user: {}, error: 'invalid bearer token' },
        };
      },
    },
    {
      plural: 'selfsubjectreviews',
      singular: 'selfsubjectreview',
      kind: 'SelfSubjectReview',
      namespaced: false,
      async create(body, { user }) {
        readObject(body);
        return {
          kind: 'SelfSubjectReview',
          apiVersion: 'authentication.k8s.io/v1',
          metadata: { creationTimestamp: null },
          status: { userInfo: describeUser(user) },
        };
      },
    },
  ];
}

/** A user in the words of authentication.k8s.io. */
function describeUser({ name, uid, groups, extra }: UserInfo): object {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}
