import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Call } from '@wheelhouse/shared/client/testing/memory-client';
import {
  type CertificateSigningRequest,
  certificateSigningRequestKind,
} from '@wheelhouse/shared/kinds/certificates/certificate-signing-request';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { Harness } from '../testing/harness';
import { survives } from '../testing/turmoil';
import { KUBE_CLIENT, KUBELET_CLIENT, KUBELET_SERVING, SIGNERS } from './signers';

const SUBJECTS = {
  user: 'CN=jane',
  node: 'CN=system:node:n, O=system:nodes',
  impostor: 'CN=jane, O=system:nodes',
};
type Who = keyof typeof SUBJECTS;
const requests = {} as Record<Who, string>;

beforeAll(async () => {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  for (const [who, name] of Object.entries(SUBJECTS)) {
    const request = await x509.Pkcs10CertificateRequestGenerator.create({
      name,
      keys: keys as x509.Pkcs10CertificateRequestCreateParams['keys'],
      signingAlgorithm: algorithm,
    });
    // The names are those of the table.
    requests[who as Who] = Buffer.from(request.toString('pem')).toString('base64');
  }
});

/** Controllers whose reviews say that everybody who is called after a node may ask for its own certificate. */
function harnessOf(enabled: readonly string[]): Harness {
  const harness = new Harness(enabled, { signer: { signRequest: async () => 'CERTIFICATE' } });
  const { client } = harness;
  const create = client.create.bind(client);
  client.create = async <T extends KubeObject>(...args: Parameters<typeof create<T>>) => {
    const [type, object] = args;
    if (type.plural !== 'subjectaccessreviews') return create<T>(...args);
    const { user = '', resourceAttributes } = (object as { spec?: Review }).spec ?? {};
    const allowed = user.startsWith('system:node:') && resourceAttributes?.subresource === 'selfnodeclient';
    // A review is answered, never stored.
    return { ...object, status: { allowed } } as unknown as Stored<T>;
  };
  return harness;
}

interface Review {
  readonly user?: string;
  readonly resourceAttributes?: { readonly subresource?: string };
}

type Request = Stored<CertificateSigningRequest>;
const all = ({ client }: Harness): Request[] => client.all(certificateSigningRequestKind);
const types = ({ status }: CertificateSigningRequest) => (status?.conditions ?? []).map(({ type }) => type);

async function decide({ client }: Harness, request: Request | undefined, type: string): Promise<void> {
  if (!request || types(request).length > 0) return;
  const conditions = [{ type, status: 'True', reason: 'People', message: '' }];
  const next = { ...request, status: { ...request.status, conditions } };
  await client.update(certificateSigningRequestKind, next, { subresource: 'approval' });
}

it('signs just what is approved and may be signed, and approves for itself what nodes ask for themselves', async () => {
  await survives({
    async start() {
      const harness = harnessOf(['csrapproving', 'csrsigning']);
      await harness.start();
      return harness;
    },
    kinds: [certificateSigningRequestKind],
    actions: fc.oneof(
      fc.record({
        do: fc.constant('ask' as const),
        who: fc.constantFrom<Who>('user', 'node', 'impostor'),
        signerName: fc.constantFrom(KUBE_CLIENT, KUBELET_CLIENT, KUBELET_SERVING, 'example.com/own'),
        username: fc.constantFrom('jane', 'system:node:n'),
      }),
      fc.record({ do: fc.constantFrom('Approved', 'Denied' as const), index: fc.nat(5) }),
      fc.record({ do: fc.constant('withdraw' as const), index: fc.nat(5) }),
    ),
    async act(harness, action) {
      const { client } = harness;
      if (action.do === 'ask') {
        const { who, signerName, username } = action;
        await client.create(certificateSigningRequestKind, {
          metadata: { name: `r${client.calls.length}` },
          spec: {
            request: requests[who],
            signerName,
            username,
            usages: ['digital signature', 'client auth'],
          },
        });
        return;
      }
      const request = all(harness)[action.index];
      if (action.do !== 'withdraw') await decide(harness, request, action.do);
      else if (request) await client.delete(certificateSigningRequestKind, request.metadata);
    },
    watch(harness, { subresource, key }: Call) {
      const request = all(harness).find(({ metadata }) => metadata.name === key);
      const isTooEarly = subresource === 'status' && request && !types(request).includes('Approved');
      return isTooEarly ? `${key} is signed without approval` : undefined;
    },
    converged(harness) {
      for (const request of all(harness)) {
        const { spec, status } = request;
        const said = types(request);
        const own = spec.signerName === KUBELET_CLIENT && spec.username === 'system:node:n';
        const isNode = spec.request === requests.node;
        if (own && isNode) expect(said.some((type) => type === 'Approved' || type === 'Denied')).toBe(true);
        const served = said.includes('Approved') && SIGNERS.has(spec.signerName);
        // Exactly one of the two ends, and only after approval.
        expect([status?.certificate !== undefined, said.includes('Failed')].filter(Boolean)).toHaveLength(
          served ? 1 : 0,
        );
        const fits = spec.signerName === KUBE_CLIENT || (spec.signerName === KUBELET_CLIENT && isNode);
        if (served) expect(status?.certificate !== undefined).toBe(fits);
      }
    },
  });
}, 60_000);

it('removes every request in the end, however it was decided', async () => {
  const harness = harnessOf(['csrapproving', 'csrsigning', 'csrcleaner']);
  const { client } = harness;
  await harness.start();
  for (const signerName of [KUBE_CLIENT, KUBELET_CLIENT, 'example.com/own'])
    await client.create(certificateSigningRequestKind, {
      metadata: { name: signerName },
      spec: {
        request: requests.node,
        signerName,
        username: 'system:node:n',
        usages: ['digital signature', 'client auth'],
      },
    });
  await harness.settle();
  await decide(harness, all(harness)[0], 'Denied');
  await harness.settle();
  expect(all(harness)).toHaveLength(3);
  await harness.advance(2 * 3_600_000);
  await harness.settle();
  expect(all(harness).map(({ metadata }) => metadata.name)).toEqual(['example.com/own']);
  await harness.advance(24 * 3_600_000);
  await harness.settle();
  expect(all(harness)).toEqual([]);
});
