import { timingSafeEqual } from 'node:crypto';
import type { UserInfo } from '../http/extension';
import type { Authenticator } from './auth';
import { bearerToken } from './bearer-token';
import { digest } from './random-token';

/** Knows one bearer token, e.g. the admin's. The comparison takes the same time for every wrong token. */
export function createStaticTokenAuthenticator(token: string, user: UserInfo): Authenticator {
  const expected = digest(token);
  // Who has shown the token on a connection learns nothing from how long it takes to see it there again.
  const shown = new WeakSet<object>();
  return {
    authenticate(req) {
      const presented = bearerToken(req);
      if (presented === undefined) return undefined;
      const { socket } = req;
      if (socket && shown.has(socket) && presented === token) return user;
      if (!timingSafeEqual(digest(presented), expected)) return undefined;
      if (socket) shown.add(socket);
      return user;
    },
  };
}
