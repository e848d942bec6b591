import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '@wheelhouse/shared/clock';
import type { CertificateAuthority, KeyPairPem } from './certificate-authority';
import { readFileIfThere, writePrivateFile } from './private-file';

const SERVER_DAYS = 365;
const RENEW_BEFORE_MS = 60 * 86_400_000;

/** Every name under which clients, agents and pods reach the API server. */
export function serverNames(options: {
  /** First address of the service range: the `kubernetes` service. */
  readonly serviceIp: string;
  readonly clusterDomain: string;
  /** Further names and addresses, e.g. of a load balancer. */
  readonly advertise?: readonly string[];
}): string[] {
  const names = [
    'localhost',
    '127.0.0.1',
    '::1',
    hostname(),
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${options.clusterDomain}`,
    options.serviceIp,
    ...(options.advertise ?? []),
  ];
  return [...new Set(names)];
}

/**
 * The stored server certificate of `directory` (`server.crt`, `server.key`), or a new one when there is none, its
 * names differ, another CA signed it, or it ends within 60 days.
 */
export async function ensureServerCertificate(
  authority: CertificateAuthority,
  options: { directory: string; names: readonly string[]; clock: Clock },
): Promise<KeyPairPem> {
  const { directory, names, clock } = options;
  const [certificatePath, keyPath] = [join(directory, 'server.crt'), join(directory, 'server.key')];
  const [certificate, key] = [await readFileIfThere(certificatePath), await readFileIfThere(keyPath)];
  if (certificate && key && stillGood(certificate, { authority, names, now: clock.now() }))
    return { certificate, key };
  const issued = await authority.issueServer(names, SERVER_DAYS);
  await writePrivateFile(keyPath, issued.key);
  await writePrivateFile(certificatePath, issued.certificate);
  return issued;
}

function stillGood(
  pem: string,
  wanted: { authority: CertificateAuthority; names: readonly string[]; now: Date },
): boolean {
  const certificate = new X509Certificate(pem);
  return (
    certificate.verify(new X509Certificate(wanted.authority.certificate).publicKey) &&
    Date.parse(certificate.validTo) - wanted.now.getTime() > RENEW_BEFORE_MS &&
    sameNames(certificate, wanted.names)
  );
}

function sameNames(certificate: X509Certificate, names: readonly string[]): boolean {
  const present = (certificate.subjectAltName ?? '').split(', ').filter(Boolean);
  return present.length === names.length && names.every((name) => covers(certificate, name));
}

function covers(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
}
