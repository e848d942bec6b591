import type { Client } from '@wheelhouse/shared/client/client';
import { isNotFound } from '@wheelhouse/shared/errors';
import type { ResourceType } from '@wheelhouse/shared/meta/kind';
import { selectorFromLabelSelector } from '@wheelhouse/shared/meta/labels';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { ParamKind, ParamRef } from 'kubernetes-types/admissionregistration/v1';

/** Finds the resource that a policy is configured by; undefined: no such kind is served. */
export type FindKind = (apiVersion: string, kind: string) => ResourceType | undefined;

/**
 * What a binding configures its policy with. Undefined: there is none, which is as good as no binding. Throws Error
 * with what is wrong where there has to be some.
 */
export async function paramsOf(
  client: Client,
  {
    paramKind,
    paramRef,
    namespace,
  }: { paramKind: ParamKind; paramRef: ParamRef; namespace: string | undefined },
  findKind: FindKind,
): Promise<readonly KubeObject[] | undefined> {
  const type = findKind(paramKind.apiVersion ?? '', paramKind.kind ?? '');
  if (!type) {
    throw new Error(
      `failed to configure policy: failed to find resource referenced by paramKind: '${paramKind.apiVersion}, Kind=${paramKind.kind}'`,
    );
  }
  if (!type.namespaced && paramRef.namespace) {
    throw new Error(
      'failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`',
    );
  }
  const place = type.namespaced ? paramRef.namespace || namespace : undefined;
  if (type.namespaced && !place) {
    throw new Error(
      'failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources',
    );
  }
  const found = await find(client, type, paramRef, place);
  if (found.length > 0) return found;
  if (paramRef.parameterNotFoundAction === 'Allow') return undefined;
  throw new Error(
    'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
  );
}

async function find(
  client: Client,
  type: ResourceType,
  { name, selector }: ParamRef,
  namespace: string | undefined,
): Promise<readonly KubeObject[]> {
  const place = namespace === undefined ? {} : { namespace };
  if (!name) {
    const { items } = await client.list(type, place);
    const wanted = selectorFromLabelSelector(selector);
    return items.filter(({ metadata }) => wanted.matches(metadata.labels));
  }
  try {
    return [await client.get(type, { name, ...place })];
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return [];
  }
}
