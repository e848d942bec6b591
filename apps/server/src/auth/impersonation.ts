import { badRequest, forbidden } from '@wheelhouse/shared/errors';
import type { Req, UserInfo } from '../http/extension';
import { PlainTextError } from '../http/respond';
import { ANONYMOUS } from './anonymous';
import type { Authenticator, Authorizer } from './auth';
import { withAuthenticated } from './client-certificate';

const EXTRA_PREFIX = 'impersonate-extra-';
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** One thing that the caller wants to be, as a resource on which it needs the verb `impersonate`. */
interface Claim {
  readonly group: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name: string;
  readonly subresource?: string;
}

/**
 * Lets an authorized user act as another (`kubectl --as`): headers Impersonate-User, -Group, -Uid and -Extra-*.
 * Every part asked for needs the verb `impersonate`; without Impersonate-User the other headers are an error.
 */
export function withImpersonation(authenticator: Authenticator, authorizer: Authorizer): Authenticator {
  return {
    authenticate(req) {
      if (!wantsImpersonation(req)) return authenticator.authenticate(req);
      // Who says nothing of himself may not be someone else either, which is a refusal, not a request as himself.
      return Promise.resolve(authenticator.authenticate(req)).then((user) =>
        impersonate(user ?? ANONYMOUS, req, authorizer),
      );
    },
  };
}

function wantsImpersonation(req: Req): boolean {
  const { headers } = req;
  for (const name in headers)
    if (name.startsWith('impersonate-') && (name !== 'impersonate-user' || headers[name])) return true;
  return false;
}

async function impersonate(caller: UserInfo, req: Req, authorizer: Authorizer): Promise<UserInfo> {
  const target = readTarget(req);
  for (const claim of claimsOf(target)) {
    const { allowed, reason } = await authorizer.authorize({
      user: caller,
      resource: { verb: 'impersonate', version: 'v1', ...claim },
    });
    if (!allowed)
      throw forbidden(
        { group: claim.group, kind: claim.plural, name: claim.name },
        `User "${caller.name}" cannot impersonate resource "${claim.plural}" in API group "${claim.group}"` +
          `${claim.namespace ? ` in the namespace "${claim.namespace}"` : ' at the cluster scope'}${reason ? `: ${reason}` : ''}`,
      );
  }
  return { ...target, groups: groupsOf(target), impersonatedBy: caller.name };
}

function readTarget(req: Req): UserInfo {
  const name = one(req, 'impersonate-user');
  const uid = one(req, 'impersonate-uid');
  const extra: Record<string, string[]> = {};
  for (const header of Object.keys(req.headers)) {
    if (!header.startsWith(EXTRA_PREFIX)) continue;
    extra[decodeName(header.slice(EXTRA_PREFIX.length))] = many(req, header);
  }
  const groups = many(req, 'impersonate-group');
  if (!name) throw nobody(req, { groups, uid, extra });
  return {
    name,
    groups,
    ...(uid ? { uid } : {}),
    ...(Object.keys(extra).length ? { extra } : {}),
  };
}

/** Kubernetes answers a plain 500 that lists what was asked for, and clients' tests expect it. */
function nobody(
  req: Req,
  asked: { groups: string[]; uid: string | undefined; extra: Record<string, string[]> },
): Error {
  const version = 'authentication.k8s.io/v1';
  const parts = [
    ...asked.groups.map((group) => `{Group  ${group}    }`),
    ...Object.entries(asked.extra).flatMap(([key, values]) =>
      values.map((value) => `{UserExtra  ${value}  ${version}  ${key}}`),
    ),
    ...(asked.uid ? [`{UID  ${asked.uid}  ${version}  }`] : []),
  ];
  const path = (req.url ?? '/').split('?')[0] ?? '/';
  return new PlainTextError(
    500,
    `Internal Server Error: ${JSON.stringify(path)}: requested [${parts.join(' ')}] without impersonating a user`,
  );
}

function claimsOf(target: UserInfo): Claim[] {
  const [, namespace, account] = SERVICE_ACCOUNT.exec(target.name) ?? [];
  const who: Claim =
    namespace && account
      ? { group: '', plural: 'serviceaccounts', namespace, name: account }
      : { group: '', plural: 'users', name: target.name };
  return [
    who,
    ...target.groups.map((name) => ({ group: '', plural: 'groups', name })),
    ...(target.uid ? [{ group: 'authentication.k8s.io', plural: 'uids', name: target.uid }] : []),
    ...Object.entries(target.extra ?? {}).flatMap(([key, values]) =>
      values.map((name) => ({
        group: 'authentication.k8s.io',
        plural: 'userextras',
        subresource: key,
        name,
      })),
    ),
  ];
}

/** A service account named without groups gets the groups that it always has. */
function groupsOf(target: UserInfo): string[] {
  const [, namespace] = SERVICE_ACCOUNT.exec(target.name) ?? [];
  if (target.name === 'system:anonymous') return [...new Set([...target.groups, 'system:unauthenticated'])];
  const own =
    namespace && !target.groups.length
      ? ['system:serviceaccounts', `system:serviceaccounts:${namespace}`]
      : [];
  return withAuthenticated([...target.groups, ...own]);
}

function one(req: Req, header: string): string | undefined {
  const value = req.headers[header];
  return Array.isArray(value) ? value[0] : value;
}

/**
 * All values of a repeatable header. Node joins repeated headers of HTTP/1.1 with ", ", which group names may contain,
 * so the raw list is read.
 */
function many(req: Req, header: string): string[] {
  const values: string[] = [];
  for (let index = 0; index + 1 < req.rawHeaders.length; index += 2)
    if (req.rawHeaders[index]?.toLowerCase() === header) values.push(req.rawHeaders[index + 1] ?? '');
  return values;
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badRequest('an Impersonate-Extra- header has a name that is not percent-encoded');
  }
}
