import { isNotFound } from '@wheelhouse/shared/errors';
import {
  type CertificateSigningRequest,
  certificateSigningRequestKind,
} from '@wheelhouse/shared/kinds/certificates/certificate-signing-request';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { type KubeObject, keyOf, type ObjectKey, type Stored } from '@wheelhouse/shared/meta/object';
import type { SubjectAccessReview } from 'kubernetes-types/authorization/v1';
import {
  certificateEnd,
  parseCertificateRequest,
  pemOf,
  type RequestedSubject,
  requestedSubject,
} from '../../auth/certificate-request';
import type {
  CertificateSigner,
  ControllerContext,
  ControllerDefinition,
  Outcome,
  Reconciler,
} from '../machinery/controller';
import { msUntilRemoval } from './cleaning';
import { kubeletClaims, refusalOf, SIGNERS, validSeconds } from './signers';

type Request = Stored<CertificateSigningRequest>;

const reviewType: ResourceType<SubjectAccessReview & KubeObject> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
};

/** Approves what kubelets ask for themselves, where they may. Everything else is for people to decide. */
export const csrApprovingController: ControllerDefinition = {
  name: 'csrapproving',
  setup: (context) => followRequests(context, 'csr-approving', (request) => approve(context, request)),
};

/** Signs what is approved, with the cluster's certificate authority. */
export const csrSigningController: ControllerDefinition = {
  name: 'csrsigning',
  setup(context) {
    const { signer } = context.settings;
    return signer ? followRequests(context, 'csr-signing', (request) => sign(context, signer, request)) : [];
  },
};

/** Removes requests that nobody will look at any more. */
export const csrCleanerController: ControllerDefinition = {
  name: 'csrcleaner',
  setup: (context) => followRequests(context, 'csr-cleaner', (request) => clean(context, request)),
};

function followRequests(
  context: ControllerContext,
  name: string,
  act: (request: Request) => Promise<Outcome>,
): Reconciler {
  const queue = context.queue();
  const requests = context.cache(certificateSigningRequestKind);
  context.informer(certificateSigningRequestKind).subscribe({
    added: (request) => queue.add(keyOf(request)),
    updated: (request) => queue.add(keyOf(request)),
  });
  return {
    name,
    queue,
    async reconcile(key: ObjectKey) {
      const request = requests.get(key);
      return request && !request.metadata.deletionTimestamp ? act(request) : undefined;
    },
  };
}

const has = ({ status }: Request, ...types: string[]) =>
  (status?.conditions ?? []).some(({ type }) => types.includes(type));

/** Undefined for what is no request at all: admission lets none in, but older stores may hold some. */
function subjectOf({ spec }: Request): RequestedSubject | undefined {
  try {
    return requestedSubject(parseCertificateRequest(pemOf(spec.request)));
  } catch {
    return undefined;
  }
}

async function approve({ client }: ControllerContext, request: Request): Promise<void> {
  if (request.status?.certificate || has(request, 'Approved', 'Denied')) return;
  const subject = subjectOf(request);
  if (!subject) return;
  for (const claim of kubeletClaims(subject, request.spec)) {
    const { username, uid, groups, extra } = request.spec;
    const review = await client.create(reviewType, {
      spec: {
        ...(username ? { user: username } : {}),
        ...(uid ? { uid } : {}),
        ...(groups ? { groups } : {}),
        ...(extra ? { extra } : {}),
        resourceAttributes: {
          group: 'certificates.k8s.io',
          resource: 'certificatesigningrequests',
          verb: 'create',
          subresource: claim,
        },
      },
    });
    if (!review.status?.allowed) continue;
    const condition = {
      type: 'Approved',
      status: 'True',
      reason: 'AutoApproved',
      message:
        claim === 'selfnodeclient'
          ? 'Auto approving self kubelet client certificate after SubjectAccessReview.'
          : 'Auto approving kubelet client certificate after SubjectAccessReview.',
    };
    const conditions = [...(request.status?.conditions ?? []), condition];
    const next = { ...request, status: { ...request.status, conditions } };
    await client.update(certificateSigningRequestKind, next, { subresource: 'approval' });
    return;
  }
}

async function sign(
  { client }: ControllerContext,
  signer: CertificateSigner,
  request: Request,
): Promise<void> {
  const { spec, status } = request;
  if (!SIGNERS.has(spec.signerName) || status?.certificate) return;
  if (!has(request, 'Approved') || has(request, 'Denied', 'Failed')) return;
  const outcome = await signed(signer, request);
  const next =
    'certificate' in outcome
      ? { ...status, certificate: Buffer.from(outcome.certificate).toString('base64') }
      : {
          ...status,
          conditions: [
            ...(status?.conditions ?? []),
            { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: outcome.refusal },
          ],
        };
  await client.update(certificateSigningRequestKind, { ...request, status: next }, { subresource: 'status' });
}

async function signed(
  signer: CertificateSigner,
  request: Request,
): Promise<{ certificate: string } | { refusal: string }> {
  const { signerName, usages = [], expirationSeconds } = request.spec;
  const subject = subjectOf(request);
  const refusal = subject
    ? refusalOf(signerName, subject, usages)
    : 'the request is not a certificate request';
  if (refusal) return { refusal };
  const seconds = validSeconds(expirationSeconds);
  try {
    const pem = await signer.signRequest(pemOf(request.spec.request), { usages, seconds });
    return { certificate: `${pem.trim()}\n` };
  } catch (error) {
    // Trying again would fail again: the request itself is at fault.
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
}

async function clean({ client, clock }: ControllerContext, request: Request): Promise<Outcome> {
  const { certificate } = request.status ?? {};
  const expires = certificate ? certificateEnd(pemOf(certificate)) : undefined;
  const left = msUntilRemoval(request, expires, clock.now());
  if (left > 0) return { requeueAfterMs: left };
  const { name, uid, resourceVersion } = request.metadata;
  try {
    await client.delete(certificateSigningRequestKind, { name }, { preconditions: { uid, resourceVersion } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
