import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** What a certificate request asks to be certified. */
export interface RequestedSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

/** Reads a PEM certificate request; throws an Error that says in one line what is wrong with it. */
export function parseCertificateRequest(pem: string): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(pem);
  } catch (error) {
    throw new Error(
      `x509: malformed certificate request: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** The text behind `spec.request`. */
export const pemOf = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8');

export function requestedSubject(request: x509.Pkcs10CertificateRequest): RequestedSubject {
  const extension = alternativeNames(request);
  const names = extension?.names.items ?? [];
  const of = (type: x509.GeneralNameType) =>
    names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: of('dns'),
    ipAddresses: of('ip'),
    emails: of('email'),
    uris: of('url'),
  };
}

export function alternativeNames(
  request: x509.Pkcs10CertificateRequest,
): x509.SubjectAlternativeNameExtension | undefined {
  return request.extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension);
}

/** When a PEM certificate ends; undefined for what is none. */
export function certificateEnd(pem: string): Date | undefined {
  try {
    return new x509.X509Certificate(pem).notAfter;
  } catch {
    return undefined;
  }
}
