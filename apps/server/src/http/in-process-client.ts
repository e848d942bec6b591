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
import { asApiError, badRequest, notFound } from '@wheelhouse/shared/errors';
import { apiVersionOf, type ResourceType } from '@wheelhouse/shared/meta/kind';
import type { KubeObject, ObjectList, Status, Stored } from '@wheelhouse/shared/meta/object';
import type { Authorizer } from '../auth/auth';
import { Entry } from '../registry/entry';
import type { Operations } from '../registry/operations';
import type { Registry } from '../registry/registry';
import type { Ref, RequestContext, WriteOutcome } from '../registry/request-context';
import { compileSelection } from '../registry/select';
import type { StoredResource } from '../registry/stored-resource';
import { authorize } from './authorize';
import type { UserInfo } from './extension';
import { viewOf, watchObjects } from './in-process-watch';

export interface InProcessOptions {
  readonly registry: Registry;
  readonly operations: Operations;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
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
    const resource = this.#resource(type);
    const own = refOf(resource, ref);
    await this.#authorize('get', resource, own);
    const entry = await this.options.operations.get(resource, own, options?.resourceVersion);
    return resource.view(entry) as Stored<T>;
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
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
    const resource = this.#resource(type);
    const namespace = object.metadata?.namespace;
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
    const context = this.#context(options);
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
    const context = this.#context(options);
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

  #context(options: { readonly dryRun?: boolean } | undefined): RequestContext {
    return {
      user: this.user,
      impersonatedBy: this.user.impersonatedBy,
      dryRun: options?.dryRun ?? false,
      fieldValidation: 'Ignore',
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
