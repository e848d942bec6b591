import { forbidden, invalid } from '@wheelhouse/shared/errors';
import { equalJson } from '@wheelhouse/shared/meta/json';
import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1';
import type { AdmissionAttributes, AdmissionPlugin } from '../admission/admission';
import type { Authorizer } from './auth';
import { parseCertificateRequest, pemOf, requestedSubject } from './certificate-request';

const GROUP = 'certificates.k8s.io';
const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

/**
 * Who asks is written into the request by the server. Whoever approves or signs needs the verb for that very signer,
 * and nobody gets a certificate of the administrators' group.
 */
export function createCertificateChecks(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigningRequests',
    admit(attributes) {
      const request = requestOf(attributes);
      if (!request || attributes.operation !== 'create') return;
      const { name, uid, groups, extra } = attributes.user;
      const { username, uid: sentUid, groups: sentGroups, extra: sentExtra, ...spec } = request.spec ?? {};
      request.spec = {
        // What is missing is said by validation.
        ...(spec as CertificateSigningRequest['spec']),
        username: name,
        ...(uid ? { uid } : {}),
        groups: [...groups],
        ...(extra
          ? { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }
          : {}),
      };
    },
    validate(attributes) {
      const request = requestOf(attributes);
      if (!request) return;
      if (attributes.operation === 'create') return checkSubject(attributes, request);
      // What stands in the store decides which signer is asked.
      const before = attributes.oldObject as CertificateSigningRequest | undefined;
      if (attributes.operation !== 'update' || !before) return;
      if (attributes.subresource === 'approval') {
        return check(attributes, 'approve', before.spec.signerName);
      }
      if (attributes.subresource === 'status' && signs(request, before)) {
        return check(attributes, 'sign', before.spec.signerName);
      }
    },
  };

  async function check(attributes: AdmissionAttributes, verb: string, signer: string): Promise<void> {
    const domain = `${signer.split('/')[0]}/*`;
    for (const name of [signer, domain]) {
      const resource = { verb, group: GROUP, version: '*', plural: 'signers', name };
      if ((await authorizer.authorize({ user: attributes.user, resource })).allowed) return;
    }
    throw refusal(
      attributes,
      `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`,
    );
  }
}

function requestOf({ kind, object }: AdmissionAttributes): CertificateSigningRequest | undefined {
  if (kind.group !== GROUP || kind.plural !== 'certificatesigningrequests' || !object) return undefined;
  // Objects of this resource are certificate signing requests.
  return object as CertificateSigningRequest;
}

/** Notes about a request may be added by everybody who may write its status; its outcome may not. */
function signs({ status }: CertificateSigningRequest, before: CertificateSigningRequest): boolean {
  return (
    (status?.certificate ?? '') !== (before.status?.certificate ?? '') ||
    !equalJson(status?.conditions ?? [], before.status?.conditions ?? [])
  );
}

function checkSubject(attributes: AdmissionAttributes, { spec }: CertificateSigningRequest): void {
  let organizations: readonly string[];
  try {
    ({ organizations } = requestedSubject(parseCertificateRequest(pemOf(spec.request))));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalid({ group: GROUP, kind: 'CertificateSigningRequest', name: attributes.name }, [
      {
        reason: 'FieldValueInvalid',
        field: 'spec.request',
        message: `Invalid value: ${JSON.stringify(spec.request)}: ${why}`,
      },
    ]);
  }
  if (spec.signerName === CLIENT_SIGNER && organizations.includes('system:masters')) {
    throw refusal(attributes, `use of ${CLIENT_SIGNER} signer with system:masters group is not allowed`);
  }
}

function refusal({ name }: AdmissionAttributes, why: string): Error {
  return forbidden({ group: GROUP, kind: 'certificatesigningrequests', name }, why);
}
