import { describe, expect, it } from 'vitest';
import type { RequestedSubject } from '../../auth/certificate-request';
import { goldenCases } from '../testing/golden';
import { msUntilRemoval } from './cleaning';
import {
  KUBE_CLIENT,
  KUBELET_CLIENT,
  KUBELET_SERVING,
  kubeletClaims,
  refusalOf,
  validSeconds,
} from './signers';

const subject = (more: Partial<RequestedSubject> = {}): RequestedSubject => ({
  commonName: 'system:node:n',
  organizations: ['system:nodes'],
  dnsNames: [],
  ipAddresses: [],
  emails: [],
  uris: [],
  ...more,
});
const CLIENT = ['digital signature', 'client auth'];
const SERVER = ['digital signature', 'server auth'];

describe('signers', () => {
  it.each([
    [KUBE_CLIENT, subject({ commonName: 'jane', organizations: [] }), ['client auth'], true],
    [KUBE_CLIENT, subject(), SERVER, false],
    [KUBELET_CLIENT, subject(), CLIENT, true],
    [KUBELET_CLIENT, subject(), ['key encipherment', ...CLIENT], true],
    [KUBELET_CLIENT, subject(), ['client auth'], false],
    [KUBELET_CLIENT, subject({ commonName: 'jane' }), CLIENT, false],
    [KUBELET_CLIENT, subject({ organizations: ['system:nodes', 'system:masters'] }), CLIENT, false],
    [KUBELET_CLIENT, subject({ dnsNames: ['a'] }), CLIENT, false],
    [KUBELET_SERVING, subject({ ipAddresses: ['10.0.0.1'] }), SERVER, true],
    [KUBELET_SERVING, subject(), SERVER, false],
    [KUBELET_SERVING, subject({ dnsNames: ['n'], uris: ['u:v'] }), SERVER, false],
    ['example.com/own', subject(), CLIENT, false],
  ])('%s %# signs: %s', (signer, asked, usages, fits) => {
    expect(refusalOf(signer, asked, usages) === undefined).toBe(fits);
  });

  it('keep to ten minutes at least and a year at most', () => {
    expect([validSeconds(undefined), validSeconds(1), validSeconds(3600), validSeconds(1e9)]).toEqual([
      365 * 86_400,
      600,
      3600,
      365 * 86_400,
    ]);
  });

  it('take a request as the node own only when it comes from that node', () => {
    const spec = { signerName: KUBELET_CLIENT, usages: CLIENT };
    expect(kubeletClaims(subject(), { ...spec, username: 'system:node:n' })).toContain('selfnodeclient');
    expect(kubeletClaims(subject(), { ...spec, username: 'system:node:m' })).toEqual(['nodeclient']);
    expect(kubeletClaims(subject(), { ...spec, signerName: KUBE_CLIENT })).toEqual([]);
  });
});

describe('msUntilRemoval', () => {
  const now = new Date('2026-01-02T00:00:00Z');
  const hoursAgo = (hours: number) => new Date(now.getTime() - hours * 3_600_000).toISOString();
  const csr = (age: number, types: string[], certificate?: string) => ({
    metadata: { creationTimestamp: hoursAgo(age) },
    spec: { request: '', signerName: 's' },
    status: {
      conditions: types.map((type) => ({ type, status: 'True', lastUpdateTime: hoursAgo(age) })),
      ...(certificate ? { certificate } : {}),
    },
  });

  it.each([
    ['an open request stays a day', csr(23, []), false],
    ['and no longer', csr(25, []), true],
    ['a denied one an hour', csr(2, ['Denied']), true],
    ['a failed one too', csr(2, ['Approved', 'Failed']), true],
    ['an approved one waits a day for its signer', csr(2, ['Approved']), false],
    ['a signed one stays an hour', csr(0.5, ['Approved'], 'c'), false],
    ['and goes', csr(2, ['Approved'], 'c'), true],
  ])('%s', (_title, request, gone) => {
    expect(msUntilRemoval(request, undefined, now) <= 0).toBe(gone);
  });

  it('removes a request whose certificate has ended', () => {
    expect(msUntilRemoval(csr(0.1, ['Approved'], 'c'), new Date(now.getTime() - 1), now)).toBeLessThan(0);
  });
});

interface Case {
  readonly signer: string;
  readonly subject?: Partial<RequestedSubject>;
  readonly usages: readonly string[];
  readonly username?: string;
}

describe('what becomes of a request', () => {
  goldenCases<Case>(import.meta.url, 'decisions', ({ signer, subject: more, usages, username }) => {
    const asked = subject(more);
    return {
      refusal: refusalOf(signer, asked, usages) ?? 'none',
      claims: kubeletClaims(asked, { signerName: signer, usages, ...(username ? { username } : {}) }),
    };
  });
});
