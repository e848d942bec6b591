import { badRequest, invalid } from '@wheelhouse/shared/errors';
import { type FieldError, invalidValue } from '@wheelhouse/shared/meta/field-error';
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
        refuseAll([...specErrors(spec), ...metadataErrors(rest.metadata)]);
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
        refuseAll([...specErrors(spec), ...subjectErrors(spec), ...metadataErrors(rest.metadata)]);
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
        const { namespace: stated, ...metadata } = rest.metadata ?? {};
        const namespace = request.resource?.namespace ?? '';
        if (stated && stated !== namespace)
          throw badRequest(
            'the namespace of the provided object does not match the namespace sent on the request',
          );
        refuseAll([
          ...specErrors(spec),
          ...subjectErrors(spec),
          ...metadataErrors(metadata, 'must be empty except for namespace'),
          ...localErrors(spec, namespace),
        ]);
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

type SubjectSpec = NonNullable<SubjectAccessReview['spec']>;

function subjectOf(spec: SubjectSpec): UserInfo {
  return {
    name: spec.user ?? '',
    groups: spec.groups ?? [],
    ...(spec.uid ? { uid: spec.uid } : {}),
    ...(spec.extra ? { extra: spec.extra } : {}),
  };
}

function requestOf(user: UserInfo, spec: Spec): AuthorizationRequest {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (!resource) return { user, path: path?.path ?? '', verb: path?.verb ?? '' };
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

function specErrors({ resourceAttributes: resource, nonResourceAttributes: path }: Spec): FieldError[] {
  if (resource && path)
    return [
      invalidValue(
        'spec.nonResourceAttributes',
        path,
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  if (resource || path) return [];
  return [
    invalidValue(
      'spec.resourceAttributes',
      null,
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ),
  ];
}

function subjectErrors({ user, groups }: SubjectSpec): FieldError[] {
  if (user || groups?.length) return [];
  return [invalidValue('spec.user', '', 'at least one of user or group must be specified')];
}

/** A review is no object: it has neither a name nor labels. */
function metadataErrors(metadata: object | undefined, why = 'must be empty'): FieldError[] {
  const said = Object.entries(metadata ?? {}).filter(([key, value]) => key !== 'managedFields' && value);
  return said.length > 0 ? [invalidValue('metadata', metadata, why)] : [];
}

function localErrors({ resourceAttributes, nonResourceAttributes }: Spec, namespace: string): FieldError[] {
  const errors: FieldError[] = [];
  const stated = resourceAttributes?.namespace ?? '';
  if (resourceAttributes && stated !== namespace)
    errors.push(invalidValue('spec.resourceAttributes.namespace', stated, 'must match metadata.namespace'));
  if (nonResourceAttributes)
    errors.push(
      invalidValue('spec.nonResourceAttributes', nonResourceAttributes, 'disallowed on this kind of request'),
    );
  return errors;
}

function refuseAll(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid({ group: GROUP, kind: '' }, errors);
}
