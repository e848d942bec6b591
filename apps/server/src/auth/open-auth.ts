import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { serviceUnavailable } from '@wheelhouse/shared/errors';
import type { Component, Logger } from '../component';
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
import { createRbacAuthorizer } from './rbac-authorizer';
import { createServiceAccountAuthenticator } from './service-account-token';
import { createStaticTokenAuthenticator } from './static-token';

/** Who may come in and what they may do: everything that `createApiServer` needs of this room. */
export interface Auth extends Component {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  /**
   * Gives the API's in-process client (with rights to read everything) to the parts that look at objects. The API
   * itself needs `authenticator` before that client can exist; until then service accounts and nodes get a 503.
   */
  start(client: Client): void;
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
    createStaticTokenAuthenticator(credentials.adminToken, {
      name: 'admin',
      groups: withAuthenticated(['system:masters']),
    }),
    {
      authenticate: (req) =>
        bearerToken(req) !== undefined ? running().authenticator.authenticate(req) : undefined,
    },
  ]);

  return {
    authenticator: withImpersonation(authenticator, authorizer),
    authorizer,
    start(client) {
      const pods = createPodLookup(client, log);
      pods.start();
      started = {
        authenticator: createServiceAccountAuthenticator({
          keys: credentials.serviceAccountKeys,
          client,
          clock,
        }),
        authorizer: createNodeAuthorizer(pods),
        stop: () => pods.stop(),
      };
    },
    async stop() {
      started?.stop();
    },
  };
}
