import type { ApiRequest, Req, UserInfo } from '../http/extension';

/**
 * Establishes who is asking. Resolves with undefined when the request carries no credential this authenticator
 * knows (the next one is asked; in the end the user is anonymous), and throws ApiError Unauthorized for a credential
 * that is wrong. May answer without a promise when it knows at once, which saves a turn of the event loop per request.
 */
export interface Authenticator {
  authenticate(req: Req): UserInfo | undefined | Promise<UserInfo | undefined>;
}

export interface Decision {
  readonly allowed: boolean;
  /** Why not, for the Forbidden message and the log; or why, for reviews. */
  readonly reason?: string;
}

/** Decides whether a request may happen. Never throws for a refusal. May answer without a promise. */
export interface Authorizer {
  authorize(request: AuthorizationRequest): Decision | Promise<Decision>;
}

/** The part of a request that decisions rest on; in-process callers have no URL or method of their own. */
export type AuthorizationRequest = Pick<ApiRequest, 'user' | 'resource'> & {
  /** Path of a non-resource request, e.g. `/readyz`; undefined for resources. */
  readonly path?: string;
  /** Verb of a non-resource request: the HTTP method in lower case. */
  readonly verb?: string;
};
