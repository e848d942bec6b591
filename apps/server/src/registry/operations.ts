import type { DeleteOptions } from '@wheelhouse/shared/client/client';
import {
  ApiError,
  badRequest,
  invalid,
  isNotFound,
  methodNotAllowed,
  notFound,
  unsupportedMediaType,
} from '@wheelhouse/shared/errors';
import { podDisruptionBudgetKind } from '@wheelhouse/shared/kinds/policy/pod-disruption-budget';
import { type DecodableKind, type Decoded, decode } from '@wheelhouse/shared/meta/decode';
import type { JsonObject } from '@wheelhouse/shared/meta/json';
import { apiVersionOf } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, Status, Stored } from '@wheelhouse/shared/meta/object';
import { applyObject, applyScale } from './apply';
import type { Audit, AuditVerb } from './audit';
import { bindPod } from './binding';
import { createObject } from './create';
import { deleteObject } from './delete';
import { Entry } from './entry';
import { evictPod } from './eviction';
import { type ListPage, type ListRequest, listObjects, parseRevision } from './list';
import { dropRepeatedOwners } from './owner-references';
import { applyPatch, type PatchRequest } from './patch';
import { patchFault } from './patch-fault';
import { pause } from './pause';
import type { Registry } from './registry';
import { replaceOrCreate } from './replace';
import type { Ref, RequestContext, WriteOutcome } from './request-context';
import { SCALE_KIND, type Scale, scaleOf, withScale } from './scale';
import type { StoredResource } from './stored-resource';
import { checkIdentity, checkUid, mutateObject } from './update';

const BINDING_KIND = {
  group: '',
  version: 'v1',
  kind: 'Binding',
  schema: 'io.k8s.api.core.v1.Binding',
} as const;
const EVICTION_KIND = {
  group: 'policy',
  version: 'v1',
  kind: 'Eviction',
  schema: 'io.k8s.api.policy.v1.Eviction',
} as const;

/** Evictions and deletions of a collection that are under way at a time. */
const PARALLEL = 16;

/**
 * What can be done to stored objects, the same for HTTP and for callers in this process; the request has been
 * authorized. Bodies are values of unknown shape: they are decoded (copied, type-checked) here. Every change, and
 * every refusal of one, is reported to the audit.
 */
export class Operations {
  constructor(
    private readonly audit: Audit,
    private readonly registry: Pick<Registry, 'of'>,
  ) {}

  /** Reports a write, and sees to it that its outcome can be shown in the form that the resource has. */
  #write(
    context: RequestContext,
    verb: AuditVerb,
    resource: StoredResource,
    subresource: string | undefined,
    ref: Ref,
    write: () => Promise<WriteOutcome>,
  ): Promise<WriteOutcome> {
    if (!resource.kind.convertOutside) {
      return this.audit.around(context, verb, resource, subresource, ref, write);
    }
    return this.audit.around(context, verb, resource, subresource, ref, async () => {
      const outcome = await write();
      const { before, after, answer } = outcome;
      await resource.prepared([before, after, answer].filter((one) => one instanceof Entry));
      return outcome;
    });
  }

  async get(resource: StoredResource, ref: Ref, resourceVersion?: string): Promise<Entry> {
    const { feed } = resource.services;
    if (!resourceVersion) await feed.fresh();
    else if (resourceVersion !== '0') await feed.reached(parseRevision(resourceVersion));
    const entry = resource.cache.index.get(resource.key(ref));
    if (!entry) throw notFound(resource.subject(ref.name));
    const pending = resource.prepared([entry]);
    if (pending) await pending;
    return entry;
  }

  async getScale(resource: StoredResource, ref: Ref): Promise<Stored<Scale>> {
    const spec = scaleSpec(resource, ref);
    try {
      return scaleOf(spec, resource.view(await this.get(resource, ref)));
    } catch (error) {
      const { missing } = spec;
      if (!missing || !isNotFound(error)) throw error;
      throw notFound({ group: missing.group, kind: missing.resource, name: ref.name });
    }
  }

  list(resource: StoredResource, request: ListRequest): Promise<ListPage> {
    return listObjects(resource, request);
  }

  async create(
    context: RequestContext,
    resource: StoredResource,
    namespace: string | undefined,
    body: unknown,
  ): Promise<WriteOutcome> {
    const { object, unknownFields } = decode(resource.kind, body);
    complain(context, unknownFields);
    await pause(context);
    const ref = { namespace, name: object.metadata?.name ?? '' };
    return this.#write(context, 'create', resource, undefined, ref, () =>
      createObject(resource, { context, namespace, object }),
    );
  }

  async update(
    context: RequestContext,
    resource: StoredResource,
    ref: Ref,
    body: unknown,
    subresource?: string,
  ): Promise<WriteOutcome> {
    const rules = rulesOf(resource, ref, subresource);
    const { object, unknownFields } = decode(resource.kind, body);
    complain(context, unknownFields);
    checkIdentity(resource, ref, object);
    await pause(context);
    return this.#write(context, 'update', resource, subresource, ref, () => {
      // The rules mutate what they get: a second attempt decodes anew.
      let fresh: KubeObject | undefined = object;
      const sent = { metadata: object.metadata ?? {} };
      const copy = () => {
        const next = fresh ?? decode(resource.kind, body).object;
        fresh = undefined;
        dropRepeatedOwners(next, context, 'sent');
        return next;
      };
      const replace = () =>
        mutateObject(resource, {
          context,
          ref,
          rules,
          subresource,
          build(current) {
            checkUid(resource, ref, sent, current);
            checkRevision(resource, ref, sent);
            return copy();
          },
        });
      if (subresource !== undefined || !resource.kind.createdByUpdate) return replace();
      return replaceOrCreate(resource, { context, ref, replace, sent: copy });
    });
  }

  patch(
    context: RequestContext,
    resource: StoredResource,
    ref: Ref,
    patch: PatchRequest,
    subresource?: string,
  ): Promise<WriteOutcome> {
    const { kind } = resource;
    if (kind.custom && patch.type === 'strategic') throw noStrategicMerge();
    const rules = rulesOf(resource, ref, subresource);
    const names = { kind: kind.kind, apiVersion: apiVersionOf(kind), custom: kind.custom !== undefined };
    return this.#write(context, 'patch', resource, subresource, ref, () => {
      let complained = false;
      if (patch.type === 'apply') {
        const decodeMerged = (merged: JsonObject) => {
          const { object, unknownFields } = decodePatched(kind, merged, patch);
          if (!complained) complain(context, unknownFields);
          complained = true;
          return object;
        };
        return applyObject(resource, {
          context,
          ref,
          config: patch.body,
          rules,
          subresource,
          decode: decodeMerged,
        });
      }
      return mutateObject(resource, {
        context,
        ref,
        rules,
        subresource,
        build(current) {
          const patched = applyPatch(kind.schema, names, current, patch);
          const { object, unknownFields } = decodePatched(kind, patched, patch);
          if (!complained) complain(context, unknownFields);
          complained = true;
          checkIdentity(resource, ref, object);
          checkRevision(resource, ref, object);
          return withoutRevision(object, current, patch);
        },
      });
    });
  }

  /** PUT and PATCH of `/scale`; answers the Scale. */
  async writeScale(
    context: RequestContext,
    resource: StoredResource,
    ref: Ref,
    input: { readonly body: unknown } | { readonly patch: PatchRequest },
  ): Promise<{ outcome: WriteOutcome; scale: Stored<Scale> }> {
    const spec = scaleSpec(resource, ref);
    if (resource.kind.custom && 'patch' in input && input.patch.type === 'strategic')
      throw noStrategicMerge();
    const verb = 'patch' in input ? 'patch' : 'update';
    const sent = 'body' in input ? decode<Scale>(SCALE_KIND, input.body) : undefined;
    let complained = sent !== undefined;
    if (sent) {
      complain(context, sent.unknownFields);
      checkIdentity(resource, ref, sent.object);
    }
    const names = { kind: SCALE_KIND.kind, apiVersion: apiVersionOf(SCALE_KIND) };
    const outcome = await this.#write(context, verb, resource, 'scale', ref, () =>
      mutateObject(resource, {
        context,
        ref,
        rules: 'internal',
        subresource: 'scale',
        ownersGiven: 'patch' in input && input.patch.type === 'apply',
        build(current) {
          if (sent) return withScale(resource, spec, current, sent.object);
          if (!('patch' in input)) throw new Error('neither a body nor a patch');
          if (input.patch.type === 'apply') {
            return applyScale(resource, { context, ref, config: input.patch.body }, spec, current);
          }
          const scale = scaleOf(spec, current);
          const patched = applyPatch(SCALE_KIND.schema, names, scale, input.patch);
          const { object, unknownFields } = decodePatched<Scale>(SCALE_KIND, patched, input.patch);
          if (!complained) complain(context, unknownFields);
          complained = true;
          checkIdentity(resource, ref, object);
          return withScale(resource, spec, current, withoutRevision(object, scale, input.patch));
        },
      }),
    );
    const after = outcome.after ?? outcome.before;
    if (!after) throw notFound(resource.subject(ref.name));
    return { outcome, scale: scaleOf(spec, resource.view(after)) };
  }

  delete(
    context: RequestContext,
    resource: StoredResource,
    ref: Ref,
    options: DeleteOptions & { readonly orphanDependents?: boolean },
  ): Promise<WriteOutcome> {
    return this.#write(context, 'delete', resource, undefined, ref, () =>
      deleteObject(resource, { context, ref, options }),
    );
  }

  /** Deletes what a list selects; resolves with the list, as it was. */
  async deleteCollection(
    context: RequestContext,
    resource: StoredResource,
    request: ListRequest,
    options: DeleteOptions & { readonly orphanDependents?: boolean },
  ): Promise<ListPage> {
    const page = await listObjects(resource, request);
    const queue = page.entries.values();
    const worker = async () => {
      for (const { namespace, name } of queue) {
        const ref = { namespace, name };
        // What admission says of one is not said of the others.
        const own = { ...context };
        try {
          await this.#write(own, 'deletecollection', resource, undefined, ref, () =>
            deleteObject(resource, { context: own, ref, options }),
          );
        } catch (error) {
          // Gone already: that is what was asked for.
          if (!isGone(error)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    return page;
  }

  /** POST to a subresource that is an action. Throws NotFound for one that the kind does not have. */
  async act(
    context: RequestContext,
    resource: StoredResource,
    ref: Ref,
    subresource: string,
    body: unknown,
  ): Promise<WriteOutcome> {
    const isPod = resource.kind.group === '' && resource.kind.plural === 'pods';
    if (isPod && subresource === 'binding') {
      const { object } = decode(BINDING_KIND, body);
      return this.#write(context, 'bind', resource, subresource, ref, () =>
        bindPod(resource, { context, ref, body: object }),
      );
    }
    if (isPod && subresource === 'eviction') return this.#evict(context, resource, ref, body);
    if (subresource === 'status' || subresource === 'scale' || subresource === 'finalize')
      throw methodNotAllowed();
    throw notFound(resource.subject(ref.name));
  }

  #evict(context: RequestContext, resource: StoredResource, ref: Ref, body: unknown): Promise<WriteOutcome> {
    const sent = { ...(typeof body === 'object' ? body : {}), apiVersion: apiVersionOf(EVICTION_KIND) };
    const { object } = decode<KubeObject & { deleteOptions?: DeleteOptions & { dryRun?: string[] } }>(
      EVICTION_KIND,
      sent,
    );
    const { name } = object.metadata ?? {};
    if (name !== ref.name) {
      throw badRequest('name in URL does not match name in Eviction object');
    }
    const { dryRun, ...options } = object.deleteOptions ?? {};
    const dry = context.dryRun || (Array.isArray(dryRun) && dryRun.includes('All'));
    const evicting = dry === context.dryRun ? context : { ...context, dryRun: dry };
    return this.#write(evicting, 'evict', resource, 'eviction', ref, () =>
      evictPod(resource, this.registry.of(podDisruptionBudgetKind), {
        context: evicting,
        ref,
        options,
        body: { ...object, kind: EVICTION_KIND.kind, metadata: { ...object.metadata, ...namedBy(ref) } },
      }),
    );
  }

  /** PUT of a namespace's `/finalize` replaces the finalizers of its spec. */
  finalize(
    context: RequestContext,
    resource: StoredResource,
    ref: Ref,
    body: unknown,
  ): Promise<WriteOutcome> {
    const { object } = decode<KubeObject & { spec?: { finalizers?: string[] } }>(resource.kind, body);
    checkIdentity(resource, ref, object);
    return this.#write(context, 'update', resource, 'finalize', ref, () =>
      mutateObject(resource, {
        context,
        ref,
        rules: 'internal',
        subresource: 'finalize',
        build(current) {
          checkUid(resource, ref, object, current);
          const next = structuredClone(object);
          const finalizers = next.spec?.finalizers ?? [];
          const { spec: _spec, ...rest } = next;
          const status = 'status' in current ? { status: structuredClone(current.status) } : {};
          return { ...rest, spec: finalizers.length > 0 ? { finalizers } : {}, ...status };
        },
      }),
    );
  }
}

function namedBy({ name, namespace }: Ref): { name: string; namespace?: string } {
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

/** What a patch has made of an object may not be one any more: that is the patch's fault (422), not the request's. */
function decodePatched<T extends KubeObject>(
  kind: DecodableKind<T>,
  patched: unknown,
  patch: PatchRequest,
): Decoded<T> {
  try {
    return decode(kind, patched);
  } catch (error) {
    throw error instanceof ApiError ? patchFault(error, patch) : error;
  }
}

/** Nobody has said how the lists of custom resources merge. */
function noStrategicMerge() {
  return unsupportedMediaType(
    'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
  );
}

/** True for NotFound, whoever removed it. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && error.reason === 'NotFound';
}

/** Some kinds are never overwritten by who does not say what they have seen. */
function checkRevision(resource: StoredResource, ref: Ref, { metadata }: KubeObject): void {
  const { kind } = resource;
  const revision = metadata?.resourceVersion ?? '';
  if (!(kind.custom || kind.conditionalUpdate) || (revision !== '' && revision !== '0')) return;
  // The store says so, which knows resources, not kinds.
  throw invalid({ group: kind.group, kind: kind.plural, name: ref.name }, [
    {
      reason: 'FieldValueInvalid',
      field: 'metadata.resourceVersion',
      message: 'Invalid value: 0x0: must be specified for an update',
    },
  ]);
}

function scaleSpec(resource: StoredResource, ref: Ref) {
  const spec = resource.kind.scale;
  if (!spec) throw notFound(resource.subject(ref.name));
  return spec;
}

function rulesOf(
  resource: StoredResource,
  ref: Ref,
  subresource: string | undefined,
): 'main' | 'status' | 'part' {
  if (subresource === undefined) return 'main';
  if (subresource === 'status' && resource.kind.status) return 'status';
  if (resource.hasPart(subresource)) return 'part';
  throw notFound(resource.subject(ref.name));
}

/** What strict field validation refuses, the default warns about. */
function complain(context: RequestContext, unknownFields: readonly string[]): void {
  const problems = [...(context.bodyProblems ?? []), ...unknownFields];
  if (problems.length === 0 || context.fieldValidation === 'Ignore') return;
  if (context.fieldValidation === 'Strict') {
    throw badRequest(`strict decoding error: ${problems.join(', ')}`);
  }
  context.warnings.push(...problems);
}

/**
 * A patch insists on a revision only when it names one itself: otherwise it is applied again to whatever a lost race
 * has left there.
 */
function withoutRevision<T extends KubeObject>(
  object: T,
  current: Stored<KubeObject>,
  patch: PatchRequest,
): T {
  const { resourceVersion, ...metadata } = object.metadata ?? {};
  const untouched = resourceVersion === current.metadata.resourceVersion && !namesRevision(patch);
  return untouched ? { ...object, metadata } : object;
}

function namesRevision(patch: PatchRequest): boolean {
  const { body } = patch;
  if (Array.isArray(body)) {
    return body.some(
      (operation: unknown) =>
        typeof operation === 'object' &&
        operation !== null &&
        'path' in operation &&
        (operation.path === '/metadata/resourceVersion' ||
          operation.path === '/metadata' ||
          operation.path === ''),
    );
  }
  if (typeof body !== 'object' || body === null || !('metadata' in body)) return false;
  const { metadata } = body;
  return typeof metadata === 'object' && metadata !== null && 'resourceVersion' in metadata;
}

export type { AuditVerb, Status };
