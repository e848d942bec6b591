import type { Clock } from '@wheelhouse/shared/clock';
import {
  apiError,
  badRequest,
  notAcceptable,
  notFound,
  unsupportedMediaType,
} from '@wheelhouse/shared/errors';
import { apiVersionOf } from '@wheelhouse/shared/meta/kind';
import { pathSegment } from '@wheelhouse/shared/meta/names';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Authorizer } from '../auth/auth';
import { Entry } from '../registry/entry';
import { parseRevision } from '../registry/list';
import type { Operations } from '../registry/operations';
import type { PatchRequest } from '../registry/patch';
import { pause } from '../registry/pause';
import type { Ref, RequestContext, WriteOutcome } from '../registry/request-context';
import type { Scale } from '../registry/scale';
import { compileSelection } from '../registry/select';
import type { StoredResource } from '../registry/stored-resource';
import { startWatch } from '../registry/watch';
import { authorize } from './authorize';
import { mediaType, parseBody, readBody, UNKNOWN_FORMAT } from './body';
import { encodeAs } from './encode-as';
import type { Req, Res, UserInfo } from './extension';
import { viewOf } from './in-process-watch';
import { negotiate } from './negotiation';
import { encodingOf, presentList, presentOne, type Shape, whole } from './presentation';
import { decodeProtobuf, PROTOBUF_TYPE } from './protobuf/decode';
import { hasProtobuf } from './protobuf/encode';
import type { ResourcePath } from './request-info';
import {
  checkListOptions,
  checkWatchOptions,
  deleteOptionsOf,
  flagOf,
  includeObjectOf,
  numberOf,
} from './request-options';
import { COMPRESSED_FROM, send, sendChunks } from './respond';
import { noSuchMethod, noSuchResource } from './status-errors';
import { scaleTable } from './tables';
import { streamRenderer, streamType } from './watch-frames';
import { takesChunks } from './watch-outlet';
import { StreamPump, streamWatch } from './watch-stream';
import { type WriteForm, writeOptionsOf } from './write-options';

export interface ResourceRequest {
  readonly req: Req;
  readonly res: Res;
  readonly user: UserInfo;
  readonly verb: string;
  readonly path: ResourcePath;
  readonly query: URLSearchParams;
  readonly resource: StoredResource;
}

/** Answers authorized requests for stored resources: from HTTP to operations and back. */
export class ResourceHandler {
  readonly #pump: StreamPump;
  readonly #streams = new Set<() => void>();

  constructor(
    private readonly operations: Operations,
    private readonly clock: Clock,
    private readonly authorizer: Authorizer,
  ) {
    this.#pump = new StreamPump(clock);
  }

  /** Ends all watch streams, so that clients go elsewhere. */
  endStreams(): void {
    for (const end of [...this.#streams]) end();
  }

  async handle(request: ResourceRequest): Promise<void> {
    const { verb, path } = request;
    switch (path.subresource) {
      case undefined:
        break;
      case 'scale':
        return this.#scale(request);
      case 'status':
        if (verb === 'get') return this.#get(request);
        if (verb === 'update') return this.#update(request, 'status');
        if (verb === 'patch') return this.#patch(request, 'status');
        if (!request.resource.kind.status) throw noSubresource(request);
        throw unsupported(request);
      default:
        if (request.resource.hasPart(path.subresource)) {
          if (verb === 'get') return this.#get(request);
          if (verb === 'update') return this.#update(request, path.subresource);
          if (verb === 'patch') return this.#patch(request, path.subresource);
          throw noSuchMethod();
        }
        return this.#action(request, path.subresource);
    }
    const allowed = request.resource.kind.verbs;
    if (allowed && !allowed.includes(verb)) throw unsupported(request);
    switch (verb) {
      case 'get':
        return this.#get(request);
      case 'list':
        return this.#list(request);
      case 'watch':
        return this.#watch(request);
      case 'create':
        return this.#create(request);
      case 'update':
        return this.#update(request, undefined);
      case 'patch':
        return this.#patch(request, undefined);
      case 'delete':
        return this.#delete(request);
      case 'deletecollection':
        return this.#deleteCollection(request);
      default:
        throw unsupported(request);
    }
  }

  async #get(request: ResourceRequest): Promise<void> {
    const { res, resource, query } = request;
    const ref = refOf(request);
    if (request.path.subresource === 'status' && !resource.kind.status) throw noSubresource(request);
    const shape = this.#shape(request);
    const entry = await this.operations.get(resource, ref, query.get('resourceVersion') ?? undefined);
    const { type, body } = presentOne(resource, entry, shape);
    if (body.length < COMPRESSED_FROM) return send(res, 200, type, body);
    const { chunks, length } = whole({ type, body });
    await sendChunks(res, 200, type, chunks, length);
  }

  async #list(request: ResourceRequest): Promise<void> {
    const { res, resource, query } = request;
    const shape = this.#shape(request);
    checkListOptions(query);
    const page = await this.operations.list(resource, this.#listRequest(request));
    const body = presentList(resource, page, shape);
    await sendChunks(res, 200, body.type, body.chunks, body.length);
  }

  #listRequest({ resource, path, query }: ResourceRequest) {
    const selection = compileSelection(
      resource.kind,
      {
        namespace: path.namespace,
        name: path.name,
        labelSelector: query.get('labelSelector') ?? undefined,
        fieldSelector: query.get('fieldSelector') ?? undefined,
      },
      resource.kind.convert ? (object) => viewOf(resource, object) : undefined,
    );
    return {
      selection,
      limit: numberOf(query, 'limit'),
      continue: query.get('continue') ?? undefined,
      resourceVersion: query.get('resourceVersion') ?? undefined,
      resourceVersionMatch: query.get('resourceVersionMatch') ?? undefined,
    };
  }

  async #watch(request: ResourceRequest): Promise<void> {
    const { res, resource, query } = request;
    const shape = this.#shape(request);
    const { sendInitialEvents } = checkWatchOptions(query);
    const { selection, resourceVersion } = this.#listRequest(request);
    if (resourceVersion) parseRevision(resourceVersion);
    const type = streamType(shape);
    const timeoutSeconds = numberOf(query, 'timeoutSeconds');
    const resumes = resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== '0';
    const withState = sendInitialEvents ?? !resumes;
    const chunked = takesChunks(res);
    const start = await startWatch(
      resource,
      { selection, resourceVersion, sendInitialEvents },
      streamRenderer(resource, { shape, withColumns: !withState, chunked }),
    );
    await streamWatch(res, {
      type,
      resource,
      start,
      shape,
      chunked,
      bookmarks: flagOf(query, 'allowWatchBookmarks') ?? false,
      closeInitial: sendInitialEvents ?? false,
      timeoutSeconds: timeoutSeconds && timeoutSeconds > 0 ? timeoutSeconds : undefined,
      clock: this.clock,
      pump: this.#pump,
      warnings: [],
      onStop: (end) => {
        this.#streams.add(end);
        return () => this.#streams.delete(end);
      },
    });
  }

  async #create(request: ResourceRequest): Promise<void> {
    const { path, resource } = request;
    // The server of custom resources overlooks the name.
    if (path.name !== undefined && !resource.kind.custom) throw noSuchMethod();
    const shape = this.#shape(request);
    const context = this.#context(request, 'CreateOptions');
    const body = await this.#body(request, context);
    const outcome = await this.operations.create(context, resource, path.namespace, body);
    this.#answer(request, outcome, context, shape);
  }

  async #update(request: ResourceRequest, subresource: string | undefined): Promise<void> {
    const { resource } = request;
    const ref = refOf(request);
    if (subresource === 'status' && !resource.kind.status) throw noSubresource(request);
    const shape = this.#shape(request);
    const context = {
      ...this.#context(request, 'UpdateOptions'),
      mayCreate: () => this.#mayCreate(request),
    };
    const body = await this.#body(request, context);
    this.#answer(
      request,
      await this.operations.update(context, resource, ref, body, subresource),
      context,
      shape,
    );
  }

  async #patch(request: ResourceRequest, subresource: string | undefined): Promise<void> {
    const { resource } = request;
    const ref = refOf(request);
    if (subresource === 'status' && !resource.kind.status) throw noSubresource(request);
    const shape = this.#shape(request);
    const patch = await this.#patchBody(request);
    const context = this.#patchContext(request, patch);
    this.#answer(
      request,
      await this.operations.patch(context, resource, ref, patch, subresource),
      context,
      shape,
    );
  }

  async #delete(request: ResourceRequest): Promise<void> {
    const { resource, query } = request;
    const ref = refOf(request);
    const shape = this.#shape(request);
    const { options, dryRun } = deleteOptionsOf(await this.#optionalBody(request), query);
    const context = { ...this.#context(request, 'DeleteOptions'), dryRun };
    const outcome = await this.operations.delete(context, resource, ref, options);
    // Who asks in the old way for dependents to go as well is told that this takes time.
    const isPending = options.orphanDependents === false && outcome.after !== undefined;
    this.#answer(request, outcome, context, { ...shape, ...(isPending ? { status: 202 } : {}) });
  }

  async #deleteCollection(request: ResourceRequest): Promise<void> {
    const { res, resource, query } = request;
    const shape = this.#shape(request);
    // What cannot be understood must not delete more than was meant.
    checkListOptions(query);
    const { options, dryRun } = deleteOptionsOf(await this.#optionalBody(request), query);
    const context = { ...this.#context(request, 'DeleteOptions'), dryRun };
    const page = await this.operations.deleteCollection(
      context,
      resource,
      this.#listRequest(request),
      options,
    );
    const body = presentList(resource, page, shape);
    await sendChunks(res, 200, body.type, body.chunks, body.length);
  }

  async #scale(request: ResourceRequest): Promise<void> {
    const { res, verb, resource } = request;
    if (!resource.kind.scale) throw noSubresource(request);
    const ref = refOf(request);
    const representation = negotiate(request.req.headers.accept, {
      protobuf: true,
      custom: resource.kind.custom !== undefined,
    });
    const answer = (scale: Stored<Scale>, warnings?: readonly string[]) => {
      const shape = { representation, includeObject: 'Metadata', clock: this.clock } as const;
      const value = representation.form === 'table' ? scaleTable(scale, shape) : scale;
      const { type, body } = encodeAs(encodingOf(representation), value);
      send(res, 200, type, body, warnings);
    };
    if (verb === 'get') return answer(await this.operations.getScale(resource, ref));
    if (verb !== 'update' && verb !== 'patch') throw unsupported(request);
    const patch = verb === 'patch' ? await this.#patchBody(request) : undefined;
    const context = patch ? this.#patchContext(request, patch) : this.#context(request, 'UpdateOptions');
    const input = patch ? { patch } : { body: await this.#body(request, context) };
    const { scale } = await this.operations.writeScale(context, resource, ref, input);
    answer(scale, context.warnings);
  }

  /** Subresources that are actions of the registry; those with handlers of their own never come here. */
  async #action(request: ResourceRequest, subresource: string): Promise<void> {
    const { verb, resource } = request;
    const isNamespace = resource.kind.group === '' && resource.kind.plural === 'namespaces';
    const isPod = resource.kind.group === '' && resource.kind.plural === 'pods';
    const shape = this.#shape(request);
    if (isNamespace && subresource === 'finalize') {
      if (verb !== 'update') throw noSuchMethod();
      const context = this.#context(request, 'UpdateOptions');
      const body = await this.#body(request, context);
      const outcome = await this.operations.finalize(context, resource, refOf(request), body);
      return this.#answer(request, outcome, context, shape);
    }
    if (isPod && (subresource === 'binding' || subresource === 'eviction')) {
      if (verb !== 'create') throw noSuchMethod();
      const context = this.#context(request, 'CreateOptions');
      const body = await this.#body(request, context);
      const outcome = await this.operations.act(context, resource, refOf(request), subresource, body);
      return this.#answer(request, outcome, context, shape);
    }
    throw noSubresource(request);
  }

  /** The old way to bind: POST to the namespace's `bindings`. `resource` is that of pods. */
  async bind(request: ResourceRequest): Promise<void> {
    if (request.verb !== 'create' || request.path.namespace === undefined) throw noSuchMethod();
    const context = this.#context(request, 'CreateOptions');
    const body = await this.#body(request, context);
    const name = nameIn(body);
    const ref = { namespace: request.path.namespace, name };
    const outcome = await this.operations.act(context, request.resource, ref, 'binding', body);
    this.#answer(request, outcome, context, this.#shape(request));
  }

  #answer(
    request: ResourceRequest,
    outcome: WriteOutcome,
    context: RequestContext,
    shape: Shape & { readonly status?: number },
  ): void {
    const { res, resource } = request;
    const { answer, created } = outcome;
    const status = shape.status ?? (created ? 201 : 200);
    if (!(answer instanceof Entry)) {
      const { type, body } = encodeAs(encodingOf(shape.representation), answer);
      send(res, status, type, body, context.warnings);
      return;
    }
    const { type, body } = presentOne(resource, answer, shape);
    send(res, status, type, body, context.warnings);
  }

  #shape({ req, query, resource }: ResourceRequest): Shape {
    const { kind } = resource;
    const representation = negotiate(req.headers.accept, {
      protobuf: hasProtobuf(apiVersionOf(kind), kind.kind),
      custom: kind.custom !== undefined,
    });
    // Only tables have such a parameter.
    const includeObject =
      representation.form === 'table' ? includeObjectOf(query.get('includeObject')) : 'Metadata';
    return { representation, includeObject, clock: this.clock };
  }

  #context(
    { req, user, query }: ResourceRequest,
    form: WriteForm,
    { apply = false }: { readonly apply?: boolean } = {},
  ): RequestContext {
    const { force, ...options } = writeOptionsOf(query, form, { apply });
    return {
      ...options,
      ...(apply ? { force } : {}),
      user,
      impersonatedBy: user.impersonatedBy,
      warnings: [],
      bodyProblems: [],
      sourceIp: req.socket?.remoteAddress,
      userAgent: req.headers['user-agent'] ?? '',
    };
  }

  #patchContext(request: ResourceRequest, patch: PatchRequest): RequestContext {
    const isApply = patch.type === 'apply';
    const context = {
      ...this.#context(request, 'PatchOptions', { apply: isApply }),
      bodyProblems: [...(patch.problems ?? [])],
      bodyBytes: patch.bytes ?? 0,
    };
    return isApply ? { ...context, mayCreate: () => this.#mayCreate(request) } : context;
  }

  /** Who creates by an update or an apply needs the right to. Throws Forbidden. */
  #mayCreate({ user, path }: ResourceRequest): void | Promise<void> {
    const { group, version, plural, namespace, name } = path;
    return authorize(this.authorizer, {
      user,
      resource: {
        verb: 'create',
        group,
        version,
        plural,
        ...(namespace === undefined ? {} : { namespace }),
        ...(name === undefined ? {} : { name }),
      },
    });
  }

  async #body(request: ResourceRequest, context: RequestContext): Promise<unknown> {
    const body = await this.#optionalBody(request, context);
    if (body === undefined) throw badRequest('a body is needed');
    return body;
  }

  /** `context` gets the size of the body, and what strict field validation has against it. */
  async #optionalBody({ req }: ResourceRequest, context?: RequestContext): Promise<unknown> {
    const type = mediaType(req);
    const bytes = await readBody(req);
    if (context) context.bodyBytes = bytes.length;
    if (type.startsWith('application/') && type.includes('patch+'))
      throw unsupportedMediaType(UNKNOWN_FORMAT);
    if (type === PROTOBUF_TYPE) return bytes.length === 0 ? undefined : decodeProtobuf(bytes);
    const body = await parseBody(bytes, type, context?.bodyProblems);
    if (context) await pause(context);
    // In Go null leaves an object as it is: empty.
    return body === null ? {} : body;
  }

  async #patchBody({ req }: ResourceRequest): Promise<PatchRequest> {
    // The router compares it literally, without parameters; what says nothing at all it takes for another fault.
    const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim() ?? '';
    const form = Object.hasOwn(PATCH_TYPES, type) ? PATCH_TYPES[type] : undefined;
    if (!form && !(Number(req.headers['content-length']) > 0)) throw notAcceptable('406: Not Acceptable');
    if (!form) throw unsupportedMediaType('415: Unsupported Media Type');
    const problems: string[] = [];
    const bytes = await readBody(req);
    const body = await parseBody(bytes, type, problems);
    await pause({ bodyBytes: bytes.length });
    if (body === undefined) throw badRequest('a body is needed');
    return { type: form, body, bytes: bytes.length, problems };
  }
}

const PATCH_TYPES: Readonly<Record<string, PatchRequest['type']>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** A definition without the subresource: Kubernetes speaks of the object then. */
function noSubresource({ resource, path }: ResourceRequest) {
  return resource.kind.custom ? notFound(resource.subject(path.name ?? '')) : noSuchResource();
}

/** A method that the path does not have: of custom resources in words of their own. */
function unsupported({ resource: { kind }, verb }: ResourceRequest) {
  if (!kind.custom) return noSuchMethod();
  const { group, plural } = kind;
  const message = `${verb} is not supported on resources of kind "${plural}.${group}"`;
  return apiError('MethodNotAllowed', message, { subject: { group, kind: plural } });
}

function refOf({ path, resource }: ResourceRequest): Ref {
  if (path.name === undefined)
    throw resource.kind.custom ? badRequest('name must be provided') : noSuchMethod();
  if (resource.kind.namespaced && path.namespace === undefined) throw noSuchResource();
  const [complaint] = pathSegment(path.name);
  if (complaint) throw badRequest(`Name parameter invalid: ${JSON.stringify(path.name)}: ${complaint}`);
  return { namespace: path.namespace, name: path.name };
}

function nameIn(body: unknown): string {
  const metadata =
    typeof body === 'object' && body !== null && 'metadata' in body ? body.metadata : undefined;
  const name =
    typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : undefined;
  if (typeof name !== 'string' || name === '' || name.includes('/'))
    throw badRequest('metadata.name is needed');
  return name;
}
