import type { Secret, ServiceAccount } from 'kubernetes-types/core/v1';

export const TOKEN_SECRET = 'kubernetes.io/service-account-token';
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid';

/** The account that a token secret is for; undefined for other secrets. */
export function accountNameOf(secret: Secret): string | undefined {
  return secret.type === TOKEN_SECRET ? secret.metadata?.annotations?.[ACCOUNT_NAME] : undefined;
}

/** True when the secret is for this very account, not for another one of the same name that is gone. */
export function isFor(secret: Secret, account: ServiceAccount): boolean {
  const uid = secret.metadata?.annotations?.[ACCOUNT_UID];
  return !uid || uid === account.metadata?.uid;
}

/** What the secret lacks; undefined when it is complete. The token is made only when it is missing. */
export function missingParts(
  secret: Secret,
  account: ServiceAccount,
  rootCa: string | undefined,
): { needsToken: boolean; data: Record<string, string>; annotations: Record<string, string> } | undefined {
  const have = secret.data ?? {};
  const data: Record<string, string> = {};
  const encode = (text: string) => Buffer.from(text).toString('base64');
  const namespace = encode(account.metadata?.namespace ?? '');
  if (!have.namespace) data.namespace = namespace;
  if (rootCa !== undefined && have['ca.crt'] !== encode(rootCa)) data['ca.crt'] = encode(rootCa);
  const needsToken = !have.token;
  const uid = account.metadata?.uid ?? '';
  const annotations: Record<string, string> =
    secret.metadata?.annotations?.[ACCOUNT_UID] === uid ? {} : { [ACCOUNT_UID]: uid };
  const complete = !needsToken && Object.keys(data).length === 0 && Object.keys(annotations).length === 0;
  return complete ? undefined : { needsToken, data, annotations };
}
