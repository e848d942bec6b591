import { TLSSocket } from 'node:tls';
import type { UserInfo } from '../http/extension';
import type { Authenticator } from './auth';

/**
 * Reads the user from the client certificate of the TLS connection: CN is the name, every O a group. The TLS server
 * must run with `requestCert: true`, `rejectUnauthorized: false` and `ca` set to the cluster's CA alone; only
 * certificates that it verified (chain, validity, client usage) count. The answer is remembered per connection.
 */
export function createClientCertificateAuthenticator(): Authenticator {
  const known = new WeakMap<object, { user: UserInfo | undefined; expires: number }>();
  return {
    authenticate(req) {
      // For HTTP/2 `req.socket` is a proxy made per request; the session is what lives as long as the connection.
      const connection = 'stream' in req ? (req.stream.session ?? req.socket) : req.socket;
      const remembered = known.get(connection);
      // A connection may outlive the certificate that opened it; the certificate's end counts.
      if (remembered) return remembered.expires > Date.now() ? remembered.user : undefined;
      const found = userOfPeer(req.socket) ?? { user: undefined, expires: Number.POSITIVE_INFINITY };
      known.set(connection, found);
      return found.user;
    },
  };
}

/** True when the peer showed a certificate, good or not. */
export function showsCertificate(socket: unknown): boolean {
  return isTls(socket) && Object.keys(socket.getPeerCertificate() ?? {}).length > 0;
}

/** The user of a verified client certificate; undefined without one. */
export function userOfPeer(socket: unknown): { user: UserInfo; expires: number } | undefined {
  if (!isTls(socket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerCertificate();
  // Node's types promise one CN and one O; certificates may carry several, which it returns as an array.
  const subject = certificate?.subject as { CN?: string | string[]; O?: string | string[] } | undefined;
  if (!subject || typeof subject.CN !== 'string' || subject.CN === '') return undefined;
  const groups = subject.O === undefined ? [] : [subject.O].flat();
  return {
    user: { name: subject.CN, groups: withAuthenticated(groups) },
    expires: Date.parse(certificate.valid_to),
  };
}

/** Every user but the anonymous one is in system:authenticated. */
export function withAuthenticated(groups: readonly string[]): string[] {
  return [...new Set([...groups, 'system:authenticated'])];
}

function isTls(socket: unknown): socket is TLSSocket {
  // HTTP/2 wraps its socket in a proxy that still answers for the TLS methods.
  return (
    socket instanceof TLSSocket ||
    (typeof socket === 'object' &&
      socket !== null &&
      'getPeerCertificate' in socket &&
      'authorized' in socket)
  );
}
