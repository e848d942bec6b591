import { badRequest } from '@wheelhouse/shared/errors';
import { ANONYMOUS } from '../auth/anonymous';
import type { Authenticator, Authorizer } from '../auth/auth';
import type { Logger } from '../component';
import type { Registry } from '../registry/registry';
import { authorize } from './authorize';
import { admitConnection, bodyAdmission } from './connections';
import type { ApiRequest, Req, Res, SubresourceHandler, UserInfo } from './extension';
import type { Extensions } from './extensions';
import type { FairQueue, Seats } from './fairness/fair-queue';
import { flowOf } from './fairness/levels';
import { parseQuery } from './query';
import { parseResourcePath, type ResourcePath, verbOf } from './request-info';
import { flagOf } from './request-options';
import type { ResourceHandler } from './resource-handler';
import { sendError, sendJson, sendText, warnAlways } from './respond';
import { hasRoute, hasVirtualRoute } from './routes';
import { noSuchMethod, noSuchResource } from './status-errors';

/** Longer request targets are refused; Node bounds them too, by its limit for headers. */
const LONGEST_URL = 64 * 1024;

/** Answers a path that is no resource; false: not one of its own. Runs after authorization. */
export type PathHandler = (
  req: Req,
  res: Res,
  path: string,
  query: URLSearchParams,
) => boolean | Promise<boolean>;

export interface RouterOptions {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly registry: Registry;
  readonly resources: ResourceHandler;
  readonly extensions: Extensions;
  /** Asked in turn. */
  readonly paths: readonly PathHandler[];
  /** Shown to whoever asks for a path that is none. */
  readonly knownPaths: () => readonly string[];
  /** Resolves when the kinds that users have defined are served. */
  readonly settled?: () => Promise<void> | undefined;
  /** Every request takes a seat in it before it is looked at. */
  readonly fairness: FairQueue;
  readonly log: Logger;
}

/** A list of so many objects costs about as much as one other request. */
const OBJECTS_PER_SEAT = 250;
/** A list of everything must leave seats for short requests of the same people: most of the time it waits for its reader. */
const MOST_SEATS = 10;
/** Answered whatever else goes on: who asks wants to know whether the server lives. */
const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/livez', '/readyz']);
/** These last as long as their reader likes: only their start takes a seat. */
const LONG_RUNNING: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);
const NO_SEATS: Seats = { release() {} };

const NO_QUERY = new URLSearchParams();

/** The way of a request: who asks → what for → may they → whose it is. */
export class Router {
  constructor(private readonly options: RouterOptions) {}

  /** Never rejects: failures become answers. `user`: established already, e.g. by the console's sign-in. */
  async serve(req: Req, res: Res, user?: UserInfo): Promise<void> {
    try {
      await this.#route(req, res, user ?? (await this.authenticate(req)));
    } catch (error) {
      sendError(res, error, this.options.log);
    }
  }

  /** Throws what admission refuses a connection with. */
  admitConnection(handler: SubresourceHandler, request: ApiRequest): Promise<void> {
    return admitConnection(this.options.registry, handler, request);
  }

  authenticate(req: Req): UserInfo | Promise<UserInfo> {
    const found = this.options.authenticator.authenticate(req);
    if (found instanceof Promise) return found.then((user) => user ?? ANONYMOUS);
    return found ?? ANONYMOUS;
  }

  async #route(req: Req, res: Res, user: UserInfo): Promise<void> {
    const target = req.url ?? '/';
    if (target.length > LONGEST_URL) throw badRequest('the URL is too long');
    const question = target.indexOf('?');
    const path = question < 0 ? target : target.slice(0, question);
    const query = question < 0 ? NO_QUERY : parseQuery(target.slice(question + 1));
    const resourcePath = parseResourcePath(path);
    const entered = HEALTH_PATHS.has(path) ? NO_SEATS : this.#enter(user, req, resourcePath, query);
    const seats = entered instanceof Promise ? await entered : entered;
    try {
      if (!resourcePath) return await this.#path(req, res, user, path, query);
      const answered = this.#resource(req, res, user, resourcePath, query);
      if (isLongRunning(req, resourcePath, query)) seats.release();
      await answered;
    } finally {
      seats.release();
    }
  }

  #enter(
    user: UserInfo,
    req: Req,
    path: ResourcePath | undefined,
    query: URLSearchParams,
  ): Seats | Promise<Seats> {
    const { group = '', plural = '', subresource, namespace } = path ?? {};
    const flow = flowOf({ user, group, plural, subresource, namespace });
    return this.options.fairness.acquire(flow, path ? this.#width(req, path, query) : 1);
  }

  /** How many seats a request takes: lists and watches from the beginning cost by what they have to look at. */
  #width(req: Req, path: ResourcePath, query: URLSearchParams): number {
    if (path.name !== undefined || (req.method !== 'GET' && req.method !== 'DELETE')) return 1;
    const limit = Number(query.get('limit') ?? 0);
    const count = this.options.registry.find(path)?.cache.index.size ?? 0;
    const looked = limit > 0 ? Math.min(limit, count) : count;
    return Math.min(MOST_SEATS, Math.ceil(looked / OBJECTS_PER_SEAT));
  }

  async #path(req: Req, res: Res, user: UserInfo, path: string, query: URLSearchParams): Promise<void> {
    const allowed = authorize(this.options.authorizer, {
      user,
      path,
      verb: (req.method ?? 'GET').toLowerCase(),
    });
    if (allowed) await allowed;
    for (const handler of this.options.paths) if (await handler(req, res, path, query)) return;
    if (path.startsWith('/api/')) throw noSuchResource();
    if (path.startsWith('/apis/')) return sendText(res, 404, '404 page not found\n');
    const isIndex = path === '/' || path === '/index.html';
    sendJson(res, isIndex ? 200 : 404, { paths: this.options.knownPaths() });
  }

  async #resource(
    req: Req,
    res: Res,
    user: UserInfo,
    path: ResourcePath,
    query: URLSearchParams,
  ): Promise<void> {
    const { authorizer, registry, resources, extensions } = this.options;
    const request = resourceRequest(user, req, path, query);
    const allowed = authorize(authorizer, request);
    if (allowed) await allowed;
    const { verb } = request.resource;
    const proxied = extensions.proxy?.find(path.group, path.version);
    if (proxied) return proxied.handle(user, req, res);
    let resource = registry.find(path);
    if (!resource && path.group.includes('.')) {
      // Its definition may have been written a moment ago.
      await this.options.settled?.();
      resource = registry.find(path);
    }
    if (!resource) {
      const virtual = extensions.virtual(path);
      if (virtual) {
        if (!hasVirtualRoute(virtual, path)) throw noSuchResource();
        requireMethod(req, path);
        return extensions.answerVirtual(virtual, req, res, request, path);
      }
      if (isBindings(path)) {
        const pods = registry.find({ group: '', version: 'v1', plural: 'pods' });
        if (pods) return resources.bind({ req, res, user, verb, path, query, resource: pods });
      }
      return this.#unknown(res, path);
    }
    const { kind } = resource;
    if (kind.custom && !fitsScope(kind, path, verb)) return sendText(res, 404, '404 page not found\n');
    if (kind.custom?.warning) warnAlways(res, kind.custom.warning);
    const handler = path.subresource === undefined ? undefined : extensions.subresource(path);
    // Of custom resources Kubernetes speaks in other words where there is no such subresource.
    if (!kind.custom && !hasRoute(resource, path, handler)) throw noSuchResource();
    if (!kind.custom) requireMethod(req, path, handler?.methods);
    if (kind.namespaced && path.namespace === undefined && verb !== 'list' && verb !== 'watch')
      throw noSuchMethod();
    if (handler) {
      if (handler.connects) await admitConnection(registry, handler, request);
      return handler.handle(request, req, res, bodyAdmission(registry, request));
    }
    await resources.handle({ req, res, user, verb, path, query, resource });
  }

  #unknown(res: Res, path: ResourcePath): void {
    const knownGroup =
      path.group === '' ||
      this.options.registry.kinds.some(({ group, custom }) => group === path.group && !custom) ||
      this.options.extensions.hasGroup(path.group);
    if (knownGroup) throw noSuchResource();
    sendText(res, 404, '404 page not found\n');
  }
}

/** The old way to bind: `POST /api/v1/namespaces/NS/bindings`. */
function isBindings({ group, version, plural, namespace, name, watch }: ResourcePath): boolean {
  const core = group === '' && version === 'v1' && !watch;
  return core && plural === 'bindings' && namespace !== undefined && name === undefined;
}

/** Throws MethodNotAllowed. Objects have no heads; what a proxy leads to may. */
function requireMethod(req: Req, path: ResourcePath, methods?: readonly string[]): void {
  const { method = 'GET' } = req;
  if (path.subresource === 'proxy') return;
  const known = method !== 'HEAD' && verbOf(method, path, false) !== '';
  if (!known || (path.watch && method !== 'GET') || (methods && !methods.includes(method)))
    throw noSuchMethod();
}

/** Custom resources have no paths for the other scope at all. */
function fitsScope(kind: { readonly namespaced: boolean }, path: ResourcePath, verb: string): boolean {
  if (!kind.namespaced) return path.namespace === undefined;
  return path.namespace !== undefined || (path.name === undefined && (verb === 'list' || verb === 'watch'));
}

export type ResourceApiRequest = ApiRequest & { readonly resource: NonNullable<ApiRequest['resource']> };

/** What authorizers and handlers are told. */
export function resourceRequest(
  user: UserInfo,
  req: Req,
  path: ResourcePath,
  query: URLSearchParams,
): ResourceApiRequest {
  const method = req.method ?? 'GET';
  const verb = verbOf(method, path, flagOf(query, 'watch') ?? false);
  const { group, version, plural, subresource, namespace } = path;
  // A list or watch of one named object can be allowed by that name.
  const selects = verb === 'list' || verb === 'watch' || verb === 'deletecollection';
  const fieldSelector = selects ? (query.get('fieldSelector') ?? '') : '';
  const name = path.name ?? (fieldSelector === '' ? undefined : soleName(fieldSelector));
  return new LazyUrlRequest(user, method, req, {
    verb,
    group,
    version,
    plural,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(fieldSelector ? { fieldSelector } : {}),
  });
}

/** Most requests are never asked for their URL as an object: it is made on demand. */
class LazyUrlRequest implements ResourceApiRequest {
  #url: URL | undefined;
  constructor(
    readonly user: UserInfo,
    readonly method: string,
    private readonly req: Req,
    readonly resource: NonNullable<ApiRequest['resource']>,
  ) {}
  get url(): URL {
    this.#url ??= new URL(this.req.url ?? '/', 'https://api.invalid');
    return this.#url;
  }
}

function isLongRunning(req: Req, path: ResourcePath, query: URLSearchParams): boolean {
  const { subresource } = path;
  if (subresource !== undefined && LONG_RUNNING.has(subresource)) return true;
  return verbOf(req.method ?? 'GET', path, flagOf(query, 'watch') ?? false) === 'watch';
}

function soleName(fieldSelector: string): string | undefined {
  return /^metadata\.name==?([^,=!\\]+)$/.exec(fieldSelector)?.[1];
}
