import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { isNotFound, unauthorized } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { UserInfo } from '../http/extension';
import type { Authenticator } from './auth';
import { bearerToken } from './bearer-token';
import { API_AUDIENCE, type ServiceAccountClaims, type ServiceAccountKeys } from './service-account-keys';

/**
 * Knows service account tokens. A token counts only while its service account, and the pod, secret or node that it is
 * bound to, exist with the uids that the token names: deleting the object revokes the token.
 */
export function createServiceAccountAuthenticator(options: {
  readonly keys: ServiceAccountKeys;
  /** Reads service accounts, pods and secrets; the in-process client serves these from the watch cache. */
  readonly client: Client;
  readonly clock: Clock;
}): Authenticator {
  const check = createServiceAccountTokenReview(options);
  return {
    authenticate(req) {
      const token = bearerToken(req);
      // Two dots make a JWT; other bearer tokens are for other authenticators.
      if (token === undefined || token.split('.').length !== 3) return undefined;
      return check(token, [API_AUDIENCE]).then((result) => {
        if (!result) throw unauthorized();
        return result.user;
      });
    },
  };
}

/** Checks a service account token for some audiences: the heart of both the authenticator and TokenReview. */
export function createServiceAccountTokenReview(options: {
  readonly keys: ServiceAccountKeys;
  readonly client: Client;
  readonly clock: Clock;
}): (
  token: string,
  audiences: readonly string[],
) => Promise<{ user: UserInfo; audiences: string[] } | undefined> {
  const { keys, client, clock } = options;
  return async (token, audiences) => {
    const verified = await keys.verify(token, { audiences, now: clock.now() });
    if (!verified || !(await isAlive(client, verified.claims))) return undefined;
    return { user: userOf(verified.claims, verified.id), audiences: verified.audiences };
  };
}

async function isAlive(client: Client, claims: ServiceAccountClaims): Promise<boolean> {
  const { namespace, serviceAccount, pod, secret, node } = claims;
  const { name: nodeName, uid: nodeUid } = node ?? {};
  const boundToNode = !pod && nodeName !== undefined && nodeUid !== undefined;
  return (
    (await existsWithUid(client, serviceAccountKind, { namespace, ...serviceAccount })) &&
    (!pod || (await existsWithUid(client, podKind, { namespace, ...pod }))) &&
    (!secret || (await existsWithUid(client, secretKind, { namespace, ...secret }))) &&
    (!boundToNode || (await existsWithUid(client, nodeKind, { name: nodeName, uid: nodeUid })))
  );
}

async function existsWithUid<T extends KubeObject>(
  client: Client,
  type: ResourceType<T>,
  ref: { namespace?: string; name: string; uid: string },
): Promise<boolean> {
  try {
    const { uid, ...place } = ref;
    return (await client.get(type, place)).metadata.uid === uid;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

function userOf(claims: ServiceAccountClaims, tokenId: string): UserInfo {
  const { namespace, serviceAccount, pod, node } = claims;
  return {
    name: `system:serviceaccount:${namespace}:${serviceAccount.name}`,
    uid: serviceAccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
    extra: {
      ...(tokenId ? { 'authentication.kubernetes.io/credential-id': [`JTI=${tokenId}`] } : {}),
      ...(pod
        ? {
            'authentication.kubernetes.io/pod-name': [pod.name],
            'authentication.kubernetes.io/pod-uid': [pod.uid],
          }
        : {}),
      ...(node ? { 'authentication.kubernetes.io/node-name': [node.name] } : {}),
    },
  };
}
