import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose';
import { readFileIfThere, writePrivateFile } from './private-file';

/** `iss` of every service account token of a cluster. */
export const TOKEN_ISSUER = 'https://kubernetes.default.svc.cluster.local';
/** The API server's own audience: tokens without it do not authenticate here. */
export const API_AUDIENCE = TOKEN_ISSUER;

/** What a service account token says, in the claims that Kubernetes uses. */
export interface ServiceAccountClaims {
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  /** The object whose life bounds the token's. */
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly secret?: { readonly name: string; readonly uid: string };
  /** Where the pod runs, for information; or, with a uid and no pod, what bounds the token's life. */
  readonly node?: { readonly name: string; readonly uid?: string };
}

export interface SignedToken {
  readonly token: string;
  readonly expires: Date;
}

/** Signs and checks service account tokens (JWT, ES256). */
export interface ServiceAccountKeys {
  /** The public key, for `/openid/v1/jwks`. */
  readonly jwk: JWK;
  sign(
    claims: ServiceAccountClaims,
    options: { audiences: readonly string[]; seconds: number; now: Date },
  ): Promise<SignedToken>;
  /**
   * Undefined when the token is not signed by this key for one of these audiences, or its time is over.
   * Says nothing about whether the account still exists.
   */
  verify(
    token: string,
    options: { audiences: readonly string[]; now: Date },
  ): Promise<{ claims: ServiceAccountClaims; audiences: string[]; expires: Date; id: string } | undefined>;
}

/** Opens `service-account.key` in `directory`, creating it at first use. */
export async function openServiceAccountKeys(directory: string): Promise<ServiceAccountKeys> {
  const path = join(directory, 'service-account.key');
  let pem = await readFileIfThere(path);
  if (pem === undefined) {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true });
    pem = await exportPKCS8(privateKey);
    await writePrivateFile(path, pem);
  }
  const key = await importPKCS8(pem, 'ES256', { extractable: true });
  // The public half alone: the private member `d` must not leave this function.
  const { kty, crv, x, y } = await exportJWK(key);
  const publicJwk = { kty, crv, x, y };
  const jwk: JWK = {
    ...publicJwk,
    kid: await calculateJwkThumbprint(publicJwk),
    alg: 'ES256',
    use: 'sig',
  } as JWK;
  return createKeys(key, jwk);
}

function createKeys(key: CryptoKey, jwk: JWK): ServiceAccountKeys {
  return {
    jwk,
    async sign(claims, { audiences, seconds, now }) {
      const issuedAt = Math.floor(now.getTime() / 1000);
      const token = await new SignJWT({
        'kubernetes.io': {
          namespace: claims.namespace,
          serviceaccount: claims.serviceAccount,
          ...(claims.pod ? { pod: claims.pod } : {}),
          ...(claims.secret ? { secret: claims.secret } : {}),
          ...(claims.node ? { node: claims.node } : {}),
        },
      })
        .setProtectedHeader({ alg: 'ES256', kid: jwk.kid ?? '' })
        .setIssuer(TOKEN_ISSUER)
        .setSubject(`system:serviceaccount:${claims.namespace}:${claims.serviceAccount.name}`)
        .setAudience([...audiences])
        .setIssuedAt(issuedAt)
        .setNotBefore(issuedAt)
        .setExpirationTime(issuedAt + seconds)
        .setJti(randomUUID())
        .sign(key);
      return { token, expires: new Date((issuedAt + seconds) * 1000) };
    },
    async verify(token, { audiences, now }) {
      try {
        const { payload } = await jwtVerify(token, jwk, {
          algorithms: ['ES256'],
          issuer: TOKEN_ISSUER,
          audience: [...audiences],
          currentDate: now,
          requiredClaims: ['exp', 'sub'],
        });
        const claims = readClaims(payload['kubernetes.io']);
        if (!claims || payload.exp === undefined) return undefined;
        const stated = typeof payload.aud === 'string' ? [payload.aud] : (payload.aud ?? []);
        return {
          claims,
          audiences: stated.filter((audience) => audiences.includes(audience)),
          expires: new Date(payload.exp * 1000),
          id: payload.jti ?? '',
        };
      } catch {
        // Every failure of jwtVerify means the same to the caller: not a valid token.
        return undefined;
      }
    },
  };
}

interface Reference {
  readonly name: string;
  readonly uid: string;
}

function readClaims(value: unknown): ServiceAccountClaims | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { namespace, serviceaccount, pod, secret, node } = value as Record<string, unknown>;
  const serviceAccount = readReference(serviceaccount);
  if (typeof namespace !== 'string' || !serviceAccount) return undefined;
  const [podRef, secretRef, nodeName] = [readReference(pod), readReference(secret), readName(node)];
  const nodeRef = readReference(node) ?? (nodeName === undefined ? undefined : { name: nodeName });
  return {
    namespace,
    serviceAccount,
    ...(podRef ? { pod: podRef } : {}),
    ...(secretRef ? { secret: secretRef } : {}),
    ...(nodeRef ? { node: nodeRef } : {}),
  };
}

function readReference(value: unknown): Reference | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, uid } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof uid === 'string' ? { name, uid } : undefined;
}

function readName(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name } = value as Record<string, unknown>;
  return typeof name === 'string' ? name : undefined;
}
