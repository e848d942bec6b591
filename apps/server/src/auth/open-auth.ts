import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { serviceUnavailable } from '@wheelhouse/shared/errors';
import type { AdmissionPlugin } from '../admission/admission';
import type { Component, Logger } from '../component';
import type { SubresourceHandler, UserInfo, VirtualGroup } from '../http/extension';
import type { Authenticator, Authorizer } from './auth';
import { chainAuthenticators } from './authenticator-chain';
import { chainAuthorizers, mastersAuthorizer } from './authorizer-chain';
import { bearerToken } from './bearer-token';
import { builtInRbac } from './built-in-roles';
import { createCertificateChecks } from './certificate-checks';
import { createClientCertificateAuthenticator, withAuthenticated } from './client-certificate';
import type { Credentials } from './credentials';
import { ensureDefaultRbac } from './default-rbac/ensure-default-rbac';
import { createEscalationCheck } from './escalation';
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
import { createStoredRbac, type StoredRbac, switchingSource } from './stored-rbac';

const ADMIN: UserInfo = { name: 'admin', groups: withAuthenticated(['system:masters']) };

/** Who may come in and what they may do: everything that `createApiServer` needs of this room. */
export interface Auth extends Component {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /** What may be written depends on who writes: for the API's admission. */
  readonly admission: readonly AdmissionPlugin[];
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
  /** Creates the default roles and bindings; from then on the cluster's own decide. */
  ready(): Promise<void>;
}

export function openAuth(options: { credentials: Credentials; clock: Clock; log: Logger }): Auth {
  const { credentials, clock, log } = options;
  let started: { authenticator: Authenticator; authorizer: Authorizer; stop(): void } | undefined;
  const running = () => {
    if (!started) throw serviceUnavailable('the server is starting');
    return started;
  };

  let storedRbac: StoredRbac | undefined;
  // The built-in table lets the cluster's own programs in until the cluster's roles have been read.
  const rbac = switchingSource(builtInRbac, () => storedRbac);
  const authorizer = chainAuthorizers([
    mastersAuthorizer,
    createRbacAuthorizer(rbac),
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
    admission: [createEscalationCheck(authorizer, rbac), createCertificateChecks(authorizer)],
    start(client) {
      const stored = createStoredRbac(client, log);
      storedRbac = stored;
      const keys = credentials.serviceAccountKeys;
      const pods = createPodLookup(client, log);
      pods.start();
      started = {
        authenticator: createServiceAccountAuthenticator({ keys, client, clock }),
        authorizer: createNodeAuthorizer(pods),
        stop() {
          pods.stop();
          stored.stop();
        },
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
            resources: [...createAccessReviews(authorizer), createRulesReview(rbac)],
          },
        ],
        subresources: [createTokenRequestHandler({ keys, client, clock })],
        async ready() {
          await ensureDefaultRbac(client);
          await stored.start();
        },
      };
    },
    async stop() {
      started?.stop();
    },
  };
}
