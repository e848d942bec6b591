import { badRequest, invalid } from '@wheelhouse/shared/errors';
import type { FieldErrorReason } from '@wheelhouse/shared/meta/field-error';
import type {
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectAccessReview,
  SubjectAccessReview,
} from 'kubernetes-types/authorization/v1';
import type { UserInfo, VirtualResource } from '../../http/extension';
import type { AuthorizationRequest, Authorizer } from '../auth';

const GROUP = 'authorization.k8s.io';

interface Spec {
  readonly resourceAttributes?: ResourceAttributes & { fieldSelector?: { rawSelector?: string } };
  readonly nonResourceAttributes?: NonResourceAttributes;
}

/** `kubectl auth can-i` and its relatives: the authorizer's answer as an API. Nothing is stored. */
export function createAccessReviews(authorizer: Authorizer): VirtualResource[] {
  async function review(user: UserInfo, spec: Spec): Promise<{ allowed: boolean; reason?: string }> {
    const { allowed, reason } = await authorizer.authorize(requestOf(user, spec));
    return { allowed, ...(reason ? { reason } : {}) };
  }

  return [
    {
      plural: 'selfsubjectaccessreviews',
      singular: 'selfsubjectaccessreview',
      kind: 'SelfSubjectAccessReview',
      namespaced: false,
      async create(body, { user }) {
        const { spec = {}, ...rest } = readObject<SelfSubjectAccessReview>(body);
        return answer('SelfSubjectAccessReview', rest, spec, await review(user, spec));
      },
    },
    {
      plural: 'subjectaccessreviews',
      singular: 'subjectaccessreview',
      kind: 'SubjectAccessReview',
      namespaced: false,
      async create(body) {
        const { spec = {}, ...rest } = readObject<SubjectAccessReview>(body);
        return answer('SubjectAccessReview', rest, spec, await review(subjectOf(spec), spec));
      },
    },
    {
      plural: 'localsubjectaccessreviews',
      singular: 'localsubjectaccessreview',
      kind: 'LocalSubjectAccessReview',
      namespaced: true,
      async create(body, request) {
        const { spec = {}, ...rest } = readObject<LocalSubjectAccessReview>(body);
        const namespace = request.resource?.namespace ?? '';
        if ((spec.resourceAttributes?.namespace ?? '') !== namespace)
          throw refuse('spec.resourceAttributes.namespace', {
            value: spec.resourceAttributes?.namespace ?? '',
            why: 'must match metadata.namespace',
          });
        return answer('LocalSubjectAccessReview', rest, spec, await review(subjectOf(spec), spec));
      },
    },
  ];
}

/** A JSON object as the body of a review. Throws BadRequest for anything else. */
export function readObject<T extends object>(body: unknown): T {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('the body must be an object');
  // Reviews are not stored: fields are checked where they are used.
  return body as T;
}

function answer(kind: string, rest: object, spec: object, status: object): object {
  return { kind, apiVersion: `${GROUP}/v1`, metadata: { creationTimestamp: null }, ...rest, spec, status };
}

function subjectOf(spec: NonNullable<SubjectAccessReview['spec']>): UserInfo {
  if (!spec.user && !spec.groups?.length)
    throw refuse('spec.user', { value: '', why: 'at least one of user or group must be specified' });
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  };
}

function requestOf(user: UserInfo, spec: Spec): AuthorizationRequest {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource && path)
    throw refuse('spec.nonResourceAttributes', {
      value: JSON.stringify(path),
      why: 'cannot be specified in combination with resourceAttributes',
    });
  if (path) return { user, path: path.path ?? '', verb: path.verb ?? '' };
  if (!resource)
    throw refuse('spec.resourceAttributes', {
      value: 'null',
      why: 'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    });
  const fieldSelector = resource.fieldSelector?.rawSelector;
  return {
    user,
    resource: {
      verb: resource.verb ?? '',
      group: resource.group ?? '',
      version: resource.version ?? '*',
      plural: resource.resource ?? '',
      ...(resource.subresource ? { subresource: resource.subresource } : {}),
      ...(resource.namespace ? { namespace: resource.namespace } : {}),
      ...(resource.name ? { name: resource.name } : {}),
      ...(fieldSelector ? { fieldSelector } : {}),
    },
  };
}

function refuse(field: string, { value, why }: { value: string; why: string }): Error {
  const reason: FieldErrorReason = 'FieldValueInvalid';
  return invalid({ group: GROUP, kind: '' }, [
    { reason, field, message: `Invalid value: ${JSON.stringify(value)}: ${why}` },
  ]);
}
