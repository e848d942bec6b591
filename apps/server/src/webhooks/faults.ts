/** What goes wrong between this server and a webhook, in the words that Kubernetes' users know. */

/** OpenSSL's names for a certificate that no trusted authority has signed. */
const UNTRUSTED = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
]);

/** Why no answer came. */
export function connectionFault(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'context deadline exceeded';
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const verify = 'tls: failed to verify certificate: x509: ';
  if (UNTRUSTED.has(code)) return `${verify}certificate signed by unknown authority`;
  if (code === 'CERT_HAS_EXPIRED') return `${verify}certificate has expired or is not yet valid`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `${verify}${error.message}`;
  if (code === 'ECONNREFUSED') return `dial tcp${addressIn(error)}: connect: connection refused`;
  if (code === 'ENOTFOUND' && 'hostname' in error)
    return `dial tcp: lookup ${String(error.hostname)}: no such host`;
  if (code === 'UND_ERR_SOCKET') return 'EOF';
  return error.message || code;
}

function addressIn(error: Error): string {
  return 'address' in error && 'port' in error ? ` ${String(error.address)}:${String(error.port)}` : '';
}

/** The connection ended before the answer did. */
export function isBrokenConnection(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET')
  );
}

/** What an answer that is a refusal by the webhook's own server comes to. */
export function answerFault(status: number, body: string): string {
  if (status === 404) return 'the server could not find the requested resource';
  if (status === 401) return 'the server has asked for the client to provide credentials';
  if (status >= 500) {
    const said = body.trim().slice(0, 2048);
    const shown = said === '' ? 'unknown' : said;
    return `an error on the server (${JSON.stringify(shown)}) has prevented the request from succeeding`;
  }
  return 'the server rejected our request for an unknown reason';
}
