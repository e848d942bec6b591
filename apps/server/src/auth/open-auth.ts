import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { serviceUnavailable } from '@wheelhouse/shared/errors';
import type { Component, Logger } from '../component';
import type { SubresourceHandler, UserInfo, VirtualGroup } from '../http/extension';
import type { Authenticator, Authorizer } from './auth';
import { chainAuthenticators } from './authenticator-chain';
import { chainAuthorizers, mastersAuthorizer } from './authorizer-chain';
import { bearerToken } from './bearer-token';
import { builtInRbac } from './built-in-roles';
import { createClientCertificateAuthenticator, withAuthenticated } from './client-certificate';
import type { Credentials } from './credentials';
import { withImpersonation } from './impersonation';
import { createNodeAuthorizer } from './node-authorizer';
import { createPodLookup } from './pod-lookup';
import { sameSecret } from './random-token';
import { createRbacAuthorizer } from './rbac-authorizer';
import { createAccessReviews } from './reviews/access-reviews';
import { createIdentityReviews, type ReviewToken } from './reviews/identity-reviews';
import { createRulesReview } from './reviews/rules-review';
import { createTokenRequestHandler } from './reviews/token-request';
import { API_AUDIENCE } from './service-account-keys';
import { createServiceAccountAuthenticator, createServiceAccountTokenReview } from './service-account-token';
import { createStaticTokenAuthenticator } from './static-token';

const ADMIN: UserInfo = { name: 'admin', groups: withAuthenticated(['system:masters']) };

/** Who may come in and what they may do: everything that `createApiServer` needs of this room. */
export interface Auth extends Component {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /**
   * Gives the API's in-process client (with rights to read everything) to the parts that look at objects. The API
   * itself needs `authenticator` before that client can exist; until then service accounts and nodes get a 503.
   */
  start(client: Client): AuthExtensions;
}

/** What the API serves on behalf of this room. */
export interface AuthExtensions {
  /** Access reviews and identity reviews, for `addVirtualGroup`. */
  readonly virtualGroups: readonly VirtualGroup[];
  /** `serviceaccounts/token`, for `addSubresource`. */
  readonly subresources: readonly SubresourceHandler[];
}

export function openAuth(options: { credentials: Credentials; clock: Clock; log: Logger }): Auth {
  const { credentials, clock, log } = options;
  let started: { authenticator: Authenticator; authorizer: Authorizer; stop(): void } | undefined;
  const running = () => {
    if (!started) throw serviceUnavailable('the server is starting');
    return started;
  };

  const authorizer = chainAuthorizers([
    mastersAuthorizer,
    createRbacAuthorizer(builtInRbac),
    { authorize: (request) => running().authorizer.authorize(request) },
  ]);
  const authenticator = chainAuthenticators([
    createClientCertificateAuthenticator(),
    createStaticTokenAuthenticator(credentials.adminToken, ADMIN),
    {
      authenticate: (req) =>
        bearerToken(req) !== undefined ? running().authenticator.authenticate(req) : undefined,
    },
  ]);

  return {
    authenticator: withImpersonation(authenticator, authorizer),
    authorizer,
    start(client) {
      const keys = credentials.serviceAccountKeys;
      const pods = createPodLookup(client, log);
      pods.start();
      started = {
        authenticator: createServiceAccountAuthenticator({ keys, client, clock }),
        authorizer: createNodeAuthorizer(pods),
        stop: () => pods.stop(),
      };
      const reviewServiceAccount = createServiceAccountTokenReview({ keys, client, clock });
      const reviewToken: ReviewToken = async (token, audiences) =>
        audiences.includes(API_AUDIENCE) && sameSecret(token, credentials.adminToken)
          ? { user: ADMIN, audiences: [API_AUDIENCE] }
          : reviewServiceAccount(token, audiences);
      return {
        virtualGroups: [
          {
            group: 'authentication.k8s.io',
            version: 'v1',
            resources: createIdentityReviews(reviewToken),
          },
          {
            group: 'authorization.k8s.io',
            version: 'v1',
            resources: [...createAccessReviews(authorizer), createRulesReview(builtInRbac)],
          },
        ],
        subresources: [createTokenRequestHandler({ keys, client, clock })],
      };
    },
    async stop() {
      started?.stop();
    },
  };
}
