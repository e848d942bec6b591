import type {
  Client,
  DeleteOptions,
  GetOptions,
  ListOptions,
  ObjectRef,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { asApiError, badRequest, methodNotAllowed, notFound } from '@wheelhouse/shared/errors';
import { apiVersionOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, ObjectList, Status, Stored } from '@wheelhouse/shared/meta/object';
import type { Authorizer } from '../auth/auth';
import { Entry } from '../registry/entry';
import { deepFreeze } from '../registry/json';
import type { Operations } from '../registry/operations';
import type { Registry } from '../registry/registry';
import type { Ref, RequestContext, WriteOutcome } from '../registry/request-context';
import { compileSelection } from '../registry/select';
import type { StoredResource } from '../registry/stored-resource';
import { authorize } from './authorize';
import type { ApiRequest, UserInfo, VirtualResource } from './extension';
import type { Extensions } from './extensions';
import { viewOf, watchObjects } from './in-process-watch';

export interface InProcessOptions {
  readonly registry: Registry;
  readonly operations: Operations;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  /** The computed groups, which this client reaches as well. */
  readonly extensions: Extensions;
}

/**
 * The client of the parts that live in the API server's own process. Its requests go the way of all others
 * (authorization, admission, registry, audit), but objects are shared frozen instead of being serialised.
 *
 * The casts to `Stored<T>` in here state what the caller's ResourceType promises: the resource holds that kind.
 */
export class InProcessClient implements Client {
  constructor(
    private readonly user: UserInfo,
    private readonly options: InProcessOptions,
  ) {}

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options?: GetOptions,
  ): Promise<Stored<T>> {
    const virtual = this.#virtual(type);
    if (virtual) return (await this.#compute(virtual, type, { verb: 'get', ...ref })) as Stored<T>;
    const resource = this.#resource(type);
    const own = refOf(resource, ref);
    await this.#authorize('get', resource, own, options?.subresource);
    if (options?.subresource === 'scale') {
      return (await this.options.operations.getScale(resource, own)) as Stored<KubeObject> as Stored<T>;
    }
    const entry = await this.options.operations.get(resource, own, options?.resourceVersion);
    return resource.view(entry) as Stored<T>;
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const virtual = this.#virtual(type);
    if (virtual) {
      const { namespace, labelSelector, fieldSelector } = options;
      const query = { labelSelector, fieldSelector };
      return (await this.#compute(virtual, type, { verb: 'list', namespace, query })) as ObjectList<T>;
    }
    const resource = this.#resource(type);
    const { namespace } = options;
    await this.#authorize('list', resource, { namespace, name: '' }, undefined, options.fieldSelector);
    const selection = compileSelection(resource.kind, options, (object) => viewOf(resource, object));
    const page = await this.options.operations.list(resource, { ...options, selection });
    return {
      kind: `${type.kind}List`,
      apiVersion: apiVersionOf(type),
      metadata: {
        resourceVersion: String(page.revision),
        ...(page.continue === undefined ? {} : { continue: page.continue }),
        ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
      },
      items: page.entries.map((entry) => resource.view(entry) as Stored<T>),
    };
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    const resource = this.#resource(type);
    await this.#authorize(
      'watch',
      resource,
      { namespace: options.namespace, name: '' },
      undefined,
      options.fieldSelector,
    );
    yield* watchObjects(resource, options, this.options.clock) as AsyncGenerator<WatchEvent<T>>;
  }

  async create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<Stored<T>> {
    const virtual = this.#virtual(type);
    const namespace = object.metadata?.namespace;
    if (virtual) {
      return (await this.#compute(virtual, type, { verb: 'create', namespace, body: object })) as Stored<T>;
    }
    const resource = this.#resource(type);
    await this.#authorize('create', resource, { namespace, name: '' });
    const outcome = await this.options.operations.create(this.#context(options), resource, namespace, object);
    return answered<T>(resource, outcome);
  }

  async update<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options?: WriteOptions,
  ): Promise<Stored<T>> {
    const resource = this.#resource(type);
    const { name = '', namespace } = object.metadata ?? {};
    const ref = refOf(resource, { name, namespace });
    const subresource = options?.subresource;
    await this.#authorize('update', resource, ref, subresource);
    const { operations } = this.options;
    const mayCreate = () => this.#authorize('create', resource, ref);
    const context = { ...this.#context(options), mayCreate };
    if (subresource === 'scale') {
      const { scale } = await operations.writeScale(context, resource, ref, { body: object });
      return scale as Stored<KubeObject> as Stored<T>;
    }
    const outcome =
      subresource === 'finalize'
        ? await operations.finalize(context, resource, ref, object)
        : await operations.update(context, resource, ref, object, subresource);
    return answered<T>(resource, outcome);
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: Patch,
    options?: WriteOptions & { force?: boolean },
  ): Promise<Stored<T>> {
    const resource = this.#resource(type);
    const own = refOf(resource, ref);
    const subresource = options?.subresource;
    await this.#authorize('patch', resource, own, subresource);
    const { operations } = this.options;
    const mayCreate = () => this.#authorize('create', resource, own);
    const context = { ...this.#context(options), force: options?.force, mayCreate };
    if (subresource === 'scale') {
      const { scale } = await operations.writeScale(context, resource, own, { patch });
      return scale as Stored<KubeObject> as Stored<T>;
    }
    return answered<T>(resource, await operations.patch(context, resource, own, patch, subresource));
  }

  async delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: DeleteOptions = {},
  ): Promise<Stored<T> | Status> {
    const resource = this.#resource(type);
    const own = refOf(resource, ref);
    await this.#authorize('delete', resource, own);
    const outcome = await this.options.operations.delete(this.#context(options), resource, own, options);
    const { answer } = outcome;
    return answer instanceof Entry ? (resource.view(answer) as Stored<T>) : answer;
  }

  async createSubresource<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    subresource: string,
    body: KubeObject,
    options?: WriteOptions,
  ): Promise<KubeObject | Status> {
    const resource = this.#resource(type);
    const own = refOf(resource, ref);
    await this.#authorize('create', resource, own, subresource);
    const { answer } = await this.options.operations.act(
      this.#context(options),
      resource,
      own,
      subresource,
      body,
    );
    return answer instanceof Entry ? resource.view(answer) : answer;
  }

  #virtual(type: ResourceType): VirtualResource | undefined {
    const { extensions } = this.options;
    return extensions.hasGroup(type.group) ? extensions.virtual(type) : undefined;
  }

  /** Asks a computed resource what a request over HTTPS would ask it. */
  async #compute(
    virtual: VirtualResource,
    type: ResourceType,
    asked: {
      readonly verb: 'get' | 'list' | 'create';
      readonly name?: string;
      readonly namespace?: string | undefined;
      readonly query?: Readonly<Record<string, string | undefined>>;
      readonly body?: KubeObject;
    },
  ): Promise<object> {
    const { verb, name, query = {} } = asked;
    const { group, version, plural } = type;
    const namespace = virtual.namespaced ? asked.namespace : undefined;
    const url = new URL(`https://localhost/apis/${group}/${version}/${plural}`);
    for (const [key, value] of Object.entries(query)) if (value) url.searchParams.set(key, value);
    const request: ApiRequest = {
      user: this.user,
      method: verb === 'create' ? 'POST' : 'GET',
      url,
      resource: {
        verb,
        group,
        version,
        plural,
        ...(namespace === undefined ? {} : { namespace }),
        ...(name === undefined ? {} : { name }),
      },
    };
    await authorize(this.options.authorizer, request);
    const answer =
      verb === 'list'
        ? virtual.list?.(request)
        : verb === 'create'
          ? virtual.create?.(asked.body, request)
          : virtual.get?.(name ?? '', request);
    if (!answer) throw methodNotAllowed();
    return deepFreeze(await answer);
  }

  #resource(type: ResourceType): StoredResource {
    return this.options.registry.of(type);
  }

  #authorize(
    verb: string,
    resource: StoredResource,
    ref: Ref,
    subresource?: string,
    fieldSelector?: string,
  ): void | Promise<void> {
    const { group, version, plural } = resource.kind;
    return authorize(this.options.authorizer, {
      user: this.user,
      resource: {
        verb,
        group,
        version,
        plural,
        ...(subresource ? { subresource } : {}),
        ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
        ...(ref.name ? { name: ref.name } : {}),
        ...(fieldSelector ? { fieldSelector } : {}),
      },
    });
  }

  #context(
    options: { readonly dryRun?: boolean; readonly fieldManager?: string } | undefined,
  ): RequestContext {
    return {
      user: this.user,
      impersonatedBy: this.user.impersonatedBy,
      dryRun: options?.dryRun ?? false,
      fieldValidation: 'Ignore',
      fieldManager: options?.fieldManager,
      warnings: [],
    };
  }
}

function refOf(resource: StoredResource, ref: ObjectRef): Ref {
  if (!ref.name) throw badRequest(`a name is needed to speak of one of the ${resource.kind.plural}`);
  if (!resource.kind.namespaced) return { namespace: undefined, name: ref.name };
  if (!ref.namespace)
    throw badRequest(`${resource.kind.plural} ${JSON.stringify(ref.name)}: a namespace is needed`);
  return { namespace: ref.namespace, name: ref.name };
}

function answered<T extends KubeObject>(resource: StoredResource, { answer }: WriteOutcome): Stored<T> {
  if (!(answer instanceof Entry)) throw asApiError(notFound(resource.subject('')));
  return resource.view(answer) as Stored<T>;
}
