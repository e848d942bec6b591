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

/** Why a signer refuses to certify this, the first reason in Kubernetes' order; undefined when it does not. */
export function refusalOf(
  signer: string,
  subject: RequestedSubject,
  usages: readonly string[],
): string | undefined {
  switch (signer) {
    case KUBE_CLIENT:
      return clientUsages(usages);
    case KUBELET_CLIENT:
      return (
        notOfNodes(subject) ??
        (subject.dnsNames.length > 0 ? 'DNS subjectAltNames are not allowed' : undefined) ??
        emails(subject) ??
        (subject.ipAddresses.length > 0 ? 'IP subjectAltNames are not allowed' : undefined) ??
        uris(subject) ??
        notCalledAfterNode(subject) ??
        kubeletUsages(usages, 'client auth')
      );
    case KUBELET_SERVING:
      return (
        notOfNodes(subject) ??
        (subject.dnsNames.length === 0 && subject.ipAddresses.length === 0
          ? 'DNS or IP subjectAltName is required'
          : undefined) ??
        emails(subject) ??
        uris(subject) ??
        kubeletUsages(usages, 'server auth') ??
        notCalledAfterNode(subject)
      );
    default:
      return `unknown signer ${signer}`;
  }
}

const notOfNodes = ({ organizations }: RequestedSubject) =>
  organizations.length === 1 && organizations[0] === 'system:nodes'
    ? undefined
    : 'subject organization is not system:nodes';
const notCalledAfterNode = ({ commonName }: RequestedSubject) =>
  commonName.startsWith('system:node:') ? undefined : 'subject common name does not begin with system:node:';
const emails = (subject: RequestedSubject) =>
  subject.emails.length > 0 ? 'Email subjectAltNames are not allowed' : undefined;
const uris = (subject: RequestedSubject) =>
  subject.uris.length > 0 ? 'URI subjectAltNames are not allowed' : undefined;

/** To be a client, and beside it only what keys need for it. */
function clientUsages(usages: readonly string[]): string | undefined {
  const other = usages.find(
    (usage) => !['digital signature', 'key encipherment', 'client auth'].includes(usage),
  );
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes('client auth')
    ? undefined
    : 'missing required usage for client certificate: client auth';
}

/** Kubelets' keys sign, and encipher if they are of the kind that can. */
function kubeletUsages(usages: readonly string[], purpose: string): string | undefined {
  const all = ['digital signature', 'key encipherment', purpose].sort();
  const fits =
    usages.every((usage) => all.includes(usage)) &&
    ['digital signature', purpose].every((usage) => usages.includes(usage));
  return fits ? undefined : `usages did not match [${all.join(' ')}]`;
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
