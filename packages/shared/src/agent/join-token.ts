/**
 * What lets a machine join a cluster: `wh1.<SHA-256 of the CA certificate, hex>.<id>.<secret>`. The hash lets the
 * agent know the right server before it shows the secret. Id and secret have the form of Kubernetes' bootstrap tokens.
 */
export interface JoinToken {
  /** SHA-256 of the cluster CA certificate's DER form, 64 hex digits. */
  readonly caFingerprint: string;
  /** 6 characters; names the token in public, e.g. in logs. */
  readonly id: string;
  /** 16 characters; never logged. */
  readonly secret: string;
}

const FORM = /^wh1\.([0-9a-f]{64})\.([a-z0-9]{6})\.([a-z0-9]{16})$/;

export function formatJoinToken(token: JoinToken): string {
  return `wh1.${token.caFingerprint}.${token.id}.${token.secret}`;
}

/** Undefined when the text is no join token. */
export function parseJoinToken(text: string): JoinToken | undefined {
  const [, caFingerprint, id, secret] = FORM.exec(text.trim()) ?? [];
  return caFingerprint && id && secret ? { caFingerprint, id, secret } : undefined;
}
