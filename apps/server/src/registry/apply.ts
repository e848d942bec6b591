import {
  badRequest,
  conflict,
  internalError,
  invalid,
  isAlreadyExists,
  isNotFound,
} from '@wheelhouse/shared/errors';
import { decode } from '@wheelhouse/shared/meta/decode';
import { required } from '@wheelhouse/shared/meta/field-error';
import { isObject, type JsonObject } from '@wheelhouse/shared/meta/json';
import { apiVersionOf, type ResourceType, type ScaleSpec } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Stored } from '@wheelhouse/shared/meta/object';
import { applyPatch } from '@wheelhouse/shared/patch/apply/apply-patch';
import { LAST_APPLIED, LAST_APPLIER, nextLastApplied } from '@wheelhouse/shared/patch/apply/last-applied';
import { createObject } from './create';
import { ownerOptions, ownersByElement } from './owners';
import type { Ref, RequestContext, WriteOutcome } from './request-context';
import { SCALE_KIND, type Scale, withScale, writePath } from './scale';
import type { StoredResource } from './stored-resource';
import { checkIdentity, type Mutation, mutateObject } from './update';

/** Rounds of "not there" and "there already" in which others create and delete what is being applied. */
const ATTEMPTS = 10;

export interface ApplyRequest {
  readonly context: RequestContext;
  readonly ref: Ref;
  /** As it was sent. */
  readonly config: unknown;
  readonly rules: Mutation['rules'];
  readonly subresource: string | undefined;
  /** Makes an object of the kind of what has been merged. Throws for refusals. */
  decode(merged: JsonObject): KubeObject;
}

/** Server-side apply: changes what is there, or creates it (but not through a subresource). */
export async function applyObject(resource: StoredResource, request: ApplyRequest): Promise<WriteOutcome> {
  const { context, ref, rules, subresource } = request;
  const config = checkConfig(resource, context, request.config);
  const applied = (live: Stored<KubeObject> | undefined): KubeObject => {
    const object = request.decode(applyTo(resource, request, config, live));
    checkIdentity(resource, ref, object);
    return object;
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await mutateObject(resource, {
        context,
        ref,
        rules,
        subresource,
        ownersGiven: true,
        build: (current) => withoutRevisionOf(applied(current), current, config),
      });
    } catch (error) {
      if (subresource !== undefined || !isNotFound(error)) throw error;
    }
    const object = applied(undefined);
    const { uid } = object.metadata ?? {};
    if (uid) {
      throw conflict(
        resource.subject(ref.name),
        `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
      );
    }
    await context.mayCreate?.();
    const { resourceVersion: _any, ...metadata } = object.metadata ?? {};
    object.metadata = metadata;
    try {
      return await createObject(resource, {
        context,
        namespace: ref.namespace,
        object,
        owners: metadata.managedFields,
      });
    } catch (error) {
      if (attempt >= ATTEMPTS || !isAlreadyExists(error)) throw error;
    }
  }
}

function applyTo(
  resource: StoredResource,
  { context, subresource }: ApplyRequest,
  config: JsonObject,
  live: Stored<KubeObject> | undefined,
): JsonObject {
  const options = { ...ownerOptions(resource, context, subresource), force: context.force ?? false };
  const merged = applyPatch(live && ownersByElement(resource, live, live, options), config, options);
  // Kubectl may go back to applying by itself: it has to find what was applied last.
  const lastApplied =
    context.fieldManager === LAST_APPLIER && live ? nextLastApplied({ ...live }, config) : undefined;
  const { metadata } = merged;
  if (lastApplied !== undefined && isObject(metadata)) {
    const annotations = isObject(metadata.annotations) ? metadata.annotations : {};
    metadata.annotations = { ...annotations, [LAST_APPLIED]: lastApplied };
  }
  return merged;
}

/** An apply to `/scale` is one to the field that the number stands in. */
export function applyScale(
  resource: StoredResource,
  request: Pick<ApplyRequest, 'context' | 'ref' | 'config'>,
  spec: ScaleSpec,
  current: Stored<KubeObject>,
): KubeObject {
  const { context, ref } = request;
  const config = checkConfig({ kind: SCALE_KIND }, context, request.config);
  const { object } = decode<Scale>(SCALE_KIND, config);
  checkIdentity(resource, ref, object);
  // Checks the number and what the metadata demands.
  const scaled = withScale(resource, spec, current, object);
  const replicas = object.spec?.replicas;
  const { kind } = resource;
  const own: JsonObject = { kind: kind.kind, apiVersion: apiVersionOf(kind), metadata: { name: ref.name } };
  if (replicas !== undefined) writePath(own, spec.specReplicasPath, replicas);
  const options = { ...ownerOptions(resource, context, 'scale'), force: context.force ?? false };
  const merged = applyPatch(ownersByElement(resource, current, current, options), own, options);
  const { resourceVersion: _from, ...metadata } = (merged.metadata ?? {}) as NonNullable<
    KubeObject['metadata']
  >;
  const { resourceVersion } = scaled.metadata ?? {};
  return { ...merged, metadata: { ...metadata, ...(resourceVersion ? { resourceVersion } : {}) } };
}

function checkConfig(
  resource: { readonly kind: Pick<ResourceType, 'group' | 'version' | 'kind'> },
  context: RequestContext,
  config: unknown,
): JsonObject {
  if (!context.fieldManager) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions', name: '' }, [
      required('fieldManager', 'is required for apply patch'),
    ]);
  }
  if (!isObject(config)) throw badRequest('error decoding YAML: the configuration is not an object');
  const { apiVersion } = config;
  const expected = apiVersionOf(resource.kind);
  if (apiVersion !== expected) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${typeof apiVersion === 'string' ? apiVersion : ''}, expected: ${expected}`,
    );
  }
  checkKind(resource, config.kind, apiVersion);
  return config;
}

function checkKind(
  resource: { readonly kind: Pick<ResourceType, 'kind'> },
  kind: unknown,
  apiVersion: string,
): void {
  if (kind === resource.kind.kind) return;
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const sent = typeof kind === 'string' ? kind : '';
  throw internalError(
    `failed to create typed patch object: no corresponding type for ${group}/${version}, Kind=${sent}`,
  );
}

function withoutRevisionOf(object: KubeObject, current: Stored<KubeObject>, config: JsonObject): KubeObject {
  const { metadata } = config;
  if (isObject(metadata) && metadata.resourceVersion !== undefined) return object;
  const { resourceVersion, ...rest } = object.metadata ?? {};
  return resourceVersion === current.metadata.resourceVersion ? { ...object, metadata: rest } : object;
}
