import { timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '../http/extension';
import type { Authenticator } from './auth';
import { bearerToken } from './bearer-token';
import { digest } from './random-token';

/** Knows one bearer token, e.g. the admin's. The comparison takes the same time for every wrong token. */
export function createStaticTokenAuthenticator(token: string, user: UserInfo): Authenticator {
  const expected = digest(token);
  return {
    authenticate(req) {
      const presented = bearerToken(req);
      if (presented === undefined) return undefined;
      return timingSafeEqual(digest(presented), expected) ? user : undefined;
    },
  };
}
