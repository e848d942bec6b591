import 'reflect-metadata';
import { createHash, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import type { Clock } from '@wheelhouse/shared/clock';
import { badRequest } from '@wheelhouse/shared/errors';
import { alternativeNames, parseCertificateRequest } from './certificate-request';
import { readFileIfThere, writePrivateFile } from './private-file';

x509.cryptoProvider.set(webcrypto);

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
const DAY = 86_400_000;
const CA_DAYS = 3650;
/** Certificates begin a little in the past, for machines whose clocks disagree. */
const CLOCK_SKEW = 300_000;

/** Key usages as certificate signing requests name them. */
const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: x509.KeyUsageFlags.digitalSignature,
  'digital signature': x509.KeyUsageFlags.digitalSignature,
  'content commitment': x509.KeyUsageFlags.nonRepudiation,
  'key encipherment': x509.KeyUsageFlags.keyEncipherment,
  'data encipherment': x509.KeyUsageFlags.dataEncipherment,
  'key agreement': x509.KeyUsageFlags.keyAgreement,
};
const EXTENDED_USAGES: Readonly<Record<string, x509.ExtendedKeyUsageType>> = {
  'client auth': x509.ExtendedKeyUsage.clientAuth,
  'server auth': x509.ExtendedKeyUsage.serverAuth,
};

/** A certificate (chain) and its private key, both PEM. */
export interface KeyPairPem {
  readonly certificate: string;
  readonly key: string;
}

/** The subject of a client certificate: CN is the user, every O a group (as Kubernetes reads them). */
export interface ClientSubject {
  readonly user: string;
  readonly groups: readonly string[];
}

/** Signs every certificate of one cluster. Its key never leaves the data directory. */
export interface CertificateAuthority {
  /** The CA certificate, PEM. Public. */
  readonly certificate: string;
  /** SHA-256 of the CA certificate's DER form, hex: what join tokens pin. */
  readonly fingerprint: string;
  /** A server certificate for these DNS names and addresses, followed by the CA certificate. */
  issueServer(names: readonly string[], days: number): Promise<KeyPairPem>;
  issueClient(subject: ClientSubject, days: number): Promise<KeyPairPem>;
  /**
   * Signs a PEM certificate request. Only the request's public key is used: subject, usage and validity are the
   * server's decision. Throws BadRequest when the request is malformed, its signature is wrong or its key weak.
   */
  signClient(request: string, subject: ClientSubject, days: number): Promise<string>;
  /**
   * Signs a PEM certificate request as it is: its subject, its alternative names, any usual key. Whoever calls has
   * decided that its sender may have that. Throws an Error of one line for a request that cannot be signed.
   */
  signRequest(request: string, options: { usages: readonly string[]; seconds: number }): Promise<string>;
}

/** Opens the CA in `directory` (files `ca.crt`, `ca.key`), creating it at first use. */
export async function openCertificateAuthority(
  directory: string,
  clock: Clock,
): Promise<CertificateAuthority> {
  const certificatePath = join(directory, 'ca.crt');
  const keyPath = join(directory, 'ca.key');
  let certificatePem = await readFileIfThere(certificatePath);
  let keyPem = await readFileIfThere(keyPath);
  if (certificatePem === undefined || keyPem === undefined) {
    // A certificate without its key cannot sign; making a new one in silence would orphan every agent.
    if (certificatePem !== undefined) throw new Error(`${keyPath} is missing, but ${certificatePath} exists`);
    const created = await createRoot(clock);
    certificatePem = created.certificate;
    keyPem = created.key;
    await writePrivateFile(keyPath, keyPem);
    await writePrivateFile(certificatePath, certificatePem);
  }
  return new LocalAuthority(certificatePem, await importPrivateKey(keyPem), clock);
}

/** SHA-256 over the DER form of a PEM or DER certificate, as lower-case hex. */
export function certificateFingerprint(certificate: string | Uint8Array): string {
  const der = typeof certificate === 'string' ? new x509.X509Certificate(certificate).rawData : certificate;
  return createHash('sha256')
    .update(der instanceof ArrayBuffer ? new Uint8Array(der) : der)
    .digest('hex');
}

class LocalAuthority implements CertificateAuthority {
  readonly certificate: string;
  readonly fingerprint: string;
  readonly #root: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #clock: Clock;

  constructor(certificate: string, key: webcrypto.CryptoKey, clock: Clock) {
    this.certificate = certificate;
    this.fingerprint = certificateFingerprint(certificate);
    this.#root = new x509.X509Certificate(certificate);
    this.#key = key;
    this.#clock = clock;
  }

  async issueServer(names: readonly string[], days: number): Promise<KeyPairPem> {
    const keys = await generateKeys();
    const common = names.find((name) => !isIP(name)) ?? names[0] ?? 'wheelhouse';
    const certificate = await this.#sign(
      new x509.Name([{ CN: [common.slice(0, 64)] }]),
      keys.publicKey,
      days,
      [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(
          names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const),
        ),
      ],
    );
    return {
      certificate: `${certificate}\n${this.certificate}`,
      key: await exportPrivateKey(keys.privateKey),
    };
  }

  async issueClient(subject: ClientSubject, days: number): Promise<KeyPairPem> {
    const keys = await generateKeys();
    const certificate = await this.#signClientKey(subject, keys.publicKey, days);
    return { certificate, key: await exportPrivateKey(keys.privateKey) };
  }

  async signClient(request: string, subject: ClientSubject, days: number): Promise<string> {
    return this.#signClientKey(subject, await verifiedRequestKey(request), days);
  }

  async signRequest(
    pem: string,
    { usages, seconds }: { usages: readonly string[]; seconds: number },
  ): Promise<string> {
    const request = parseCertificateRequest(pem);
    if (!(await request.verify().catch(() => false)))
      throw new Error('the certificate request is not signed by its own key');
    const names = alternativeNames(request);
    const now = this.#clock.now().getTime();
    const flags = keyUsageFlags(usages);
    const purposes = usages.flatMap((usage) => EXTENDED_USAGES[usage] ?? []);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: request.subjectName,
      issuer: this.#root.subjectName,
      notBefore: new Date(now - CLOCK_SKEW),
      notAfter: new Date(Math.min(now + seconds * 1000, this.#root.notAfter.getTime())),
      publicKey: request.publicKey,
      signingKey: this.#key,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        // An empty list of usages would be malformed.
        ...(flags ? [new x509.KeyUsagesExtension(flags, true)] : []),
        ...(purposes.length ? [new x509.ExtendedKeyUsageExtension(purposes)] : []),
        ...(names ? [names] : []),
        await x509.AuthorityKeyIdentifierExtension.create(this.#root.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
      ],
    });
    return certificate.toString('pem');
  }

  #signClientKey(subject: ClientSubject, key: webcrypto.CryptoKey, days: number): Promise<string> {
    const name = new x509.Name([...subject.groups.map((group) => ({ O: [group] })), { CN: [subject.user] }]);
    return this.#sign(name, key, days, [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
    ]);
  }

  async #sign(
    subject: x509.Name,
    publicKey: webcrypto.CryptoKey,
    days: number,
    extensions: x509.Extension[],
  ): Promise<string> {
    const now = this.#clock.now().getTime();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject,
      issuer: this.#root.subjectName,
      notBefore: new Date(now - CLOCK_SKEW),
      notAfter: new Date(Math.min(now + days * DAY, this.#root.notAfter.getTime())),
      publicKey,
      signingKey: this.#key,
      signingAlgorithm: SIGNATURE,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        ...extensions,
        await x509.AuthorityKeyIdentifierExtension.create(this.#root.publicKey),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
      ],
    });
    return certificate.toString('pem');
  }
}

async function createRoot(clock: Clock): Promise<KeyPairPem> {
  const keys = await generateKeys();
  const now = clock.now().getTime();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: new x509.Name([{ CN: [`wheelhouse-ca-${randomBytes(4).toString('hex')}`] }]),
    notBefore: new Date(now - CLOCK_SKEW),
    notAfter: new Date(now + CA_DAYS * DAY),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      // Path length 0: what this CA signs may not sign further certificates.
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await exportPrivateKey(keys.privateKey) };
}

async function verifiedRequestKey(pem: string): Promise<webcrypto.CryptoKey> {
  let request: x509.Pkcs10CertificateRequest;
  try {
    request = new x509.Pkcs10CertificateRequest(pem);
  } catch {
    throw badRequest('the certificate request is not a PKCS#10 request in PEM form');
  }
  const algorithm = request.publicKey.algorithm as { name?: string; namedCurve?: string };
  if (algorithm.name !== KEY.name || algorithm.namedCurve !== KEY.namedCurve)
    throw badRequest('the certificate request must hold an ECDSA P-256 key');
  // Proves that the sender holds the private key that belongs to the public key.
  if (!(await request.verify().catch(() => false)))
    throw badRequest('the certificate request is not signed by its own key');
  return request.publicKey.export(KEY, ['verify']);
}

function keyUsageFlags(usages: readonly string[]): x509.KeyUsageFlags {
  let flags = 0;
  for (const usage of usages) flags |= KEY_USAGES[usage] ?? 0;
  return flags;
}

/** 16 random bytes; the first bit is clear so that the number is positive. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
}

async function exportPrivateKey(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), KEY, false, ['sign']);
}
