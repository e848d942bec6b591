import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, type DetailedPeerCertificate } from 'node:tls';
import { WrongServerError } from './errors';

const TIMEOUT_MS = 10_000;

/**
 * Fetches the CA certificate that a server shows in its TLS chain and checks it against the join token's hash, before
 * anything is sent. Returns it as PEM; connections that follow must verify the server against it.
 */
export async function fetchPinnedCa(serverUrl: URL, fingerprint: string): Promise<string> {
  const socket = connect({
    host: hostOf(serverUrl),
    port: Number(serverUrl.port || 443),
    // The server cannot be verified yet: the chain is looked at below, and the connection sends nothing.
    rejectUnauthorized: false,
  });
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    for (const certificate of chainOf(socket.getPeerCertificate(true)))
      if (createHash('sha256').update(certificate.raw).digest('hex') === fingerprint)
        return toPem(certificate.raw);
  } finally {
    socket.destroy();
  }
  throw new WrongServerError(
    `${serverUrl.host} does not belong to the cluster of this join token: its CA certificate is another one`,
  );
}

/** A URL writes IPv6 addresses in brackets; sockets want them bare. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function* chainOf(leaf: DetailedPeerCertificate): Generator<DetailedPeerCertificate> {
  const seen = new Set<DetailedPeerCertificate>();
  // A root names itself as its issuer, so the walk stops at the first repetition.
  for (let next = leaf; next?.raw && !seen.has(next); next = next.issuerCertificate) {
    seen.add(next);
    yield next;
  }
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
