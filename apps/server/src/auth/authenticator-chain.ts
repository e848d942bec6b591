import { unauthorized } from '@wheelhouse/shared/errors';
import type { Req, UserInfo } from '../http/extension';
import type { Authenticator } from './auth';
import { bearerToken } from './bearer-token';
import { showsCertificate } from './client-certificate';

/**
 * Asks the authenticators in order; the first that knows the user decides. A request that shows a token or
 * certificate which nobody knows is refused (401) rather than treated as anonymous; one that shows neither gives
 * undefined.
 */
export function chainAuthenticators(authenticators: readonly Authenticator[]): Authenticator {
  async function continueFrom(
    req: Req,
    index: number,
    pending: Promise<UserInfo | undefined>,
  ): Promise<UserInfo | undefined> {
    const user = await pending;
    return user ?? (await ask(req, index));
  }

  function ask(req: Req, from: number): UserInfo | undefined | Promise<UserInfo | undefined> {
    for (let index = from; index < authenticators.length; index++) {
      const answer = authenticators[index]?.authenticate(req);
      if (answer instanceof Promise) return continueFrom(req, index + 1, answer);
      if (answer) return answer;
    }
    if (bearerToken(req) !== undefined || showsCertificate(req.socket)) throw unauthorized();
    return undefined;
  }

  return { authenticate: (req) => ask(req, 0) };
}
