import type { RequestedSubject } from '../../auth/certificate-request';

/** The signers of every cluster, and what they sign. */
export const KUBE_CLIENT = 'kubernetes.io/kube-apiserver-client';
export const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet';
export const KUBELET_SERVING = 'kubernetes.io/kubelet-serving';
export const SIGNERS: ReadonlySet<string> = new Set([KUBE_CLIENT, KUBELET_CLIENT, KUBELET_SERVING]);

const YEAR_SECONDS = 365 * 86_400;
const LEAST_SECONDS = 600;

/** For how long: what was asked for, but at least ten minutes and at most a year. */
export function validSeconds(asked: number | undefined): number {
  return Math.min(Math.max(asked ?? YEAR_SECONDS, LEAST_SECONDS), YEAR_SECONDS);
}

/** Why a signer refuses to certify this; undefined when it does not. */
export function refusalOf(
  signer: string,
  subject: RequestedSubject,
  usages: readonly string[],
): string | undefined {
  switch (signer) {
    case KUBE_CLIENT:
      return usagesRefusal(usages, 'client auth');
    case KUBELET_CLIENT:
      return kubeletRefusal(subject) ?? noNames(subject) ?? usagesRefusal(usages, 'client auth', true);
    case KUBELET_SERVING:
      return kubeletRefusal(subject) ?? servingNames(subject) ?? usagesRefusal(usages, 'server auth', true);
    default:
      return `unknown signer ${signer}`;
  }
}

function kubeletRefusal({ organizations, commonName }: RequestedSubject): string | undefined {
  if (organizations.length !== 1 || organizations[0] !== 'system:nodes')
    return 'subject organization is not system:nodes';
  return commonName.startsWith('system:node:')
    ? undefined
    : 'subject common name does not begin with system:node:';
}

function noNames(subject: RequestedSubject): string | undefined {
  if (subject.dnsNames.length > 0) return 'DNS subjectAltNames are not allowed';
  if (subject.emails.length > 0) return 'Email subjectAltNames are not allowed';
  if (subject.ipAddresses.length > 0) return 'IP subjectAltNames are not allowed';
  return subject.uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined;
}

function servingNames(subject: RequestedSubject): string | undefined {
  if (subject.dnsNames.length === 0 && subject.ipAddresses.length === 0)
    return 'DNS or IP subjectAltName is required';
  if (subject.emails.length > 0) return 'Email subjectAltNames are not allowed';
  return subject.uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined;
}

/** The purpose, and beside it only what keys need for it; kubelets also sign with theirs. */
function usagesRefusal(
  usages: readonly string[],
  purpose: string,
  needsSignature = false,
): string | undefined {
  const allowed = ['digital signature', 'key encipherment', purpose];
  const needed = needsSignature ? ['digital signature', purpose] : [purpose];
  const fits =
    usages.every((usage) => allowed.includes(usage)) && needed.every((usage) => usages.includes(usage));
  return fits ? undefined : `usages did not match ${allowed.join(',')}`;
}

/** Whom a kubelet's request for a client certificate speaks for. */
export type KubeletClaim = 'selfnodeclient' | 'nodeclient';

/** Undefined for what is no request of a kubelet; otherwise the rights that make it approved, the stronger claim first. */
export function kubeletClaims(
  subject: RequestedSubject,
  spec: { signerName: string; usages?: readonly string[]; username?: string },
): readonly KubeletClaim[] {
  if (spec.signerName !== KUBELET_CLIENT) return [];
  if (refusalOf(KUBELET_CLIENT, subject, spec.usages ?? []) !== undefined) return [];
  return subject.commonName === spec.username ? ['selfnodeclient', 'nodeclient'] : ['nodeclient'];
}
