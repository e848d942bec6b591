import { ApiError, apiError, asApiError, type ErrorReason, serviceUnavailable } from '../errors';
import { apiVersionOf, type ResourceType } from '../meta/kind';
import type { KubeObject, ObjectList, Status, Stored } from '../meta/object';
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
} from './client';
import { type ByteStream, readLines } from './ndjson';
import { resourcePath } from './resource-path';

export interface FetchInit {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** As much of a Response as is needed; the fetch of browsers, Node and undici all return it. */
export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ByteStream | null;
  text(): Promise<string>;
}

export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

export interface HttpClientOptions {
  /** `https://127.0.0.1:6443`, without a path. */
  readonly baseUrl: string;
  /** Carries TLS settings and client certificates. */
  readonly fetch: Fetch;
  /** Sent with every request, e.g. Authorization. A function is asked each time, for tokens that are renewed. */
  readonly headers?: Record<string, string> | (() => Record<string, string>);
  /** Milliseconds after which a request (not a watch) is given up. Default 30 s. */
  readonly requestTimeoutMs?: number;
  /** Most characters of one watch event. Default 16 Mi. */
  readonly maxEventLength?: number;
}

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

type Query = Record<string, string | number | boolean | undefined>;

/** A {@link Client} over HTTP(S) and JSON. */
export function createHttpClient(options: HttpClientOptions): Client {
  return new HttpClient(options);
}

class HttpClient implements Client {
  readonly #base: string;
  constructor(private readonly options: HttpClientOptions) {
    this.#base = options.baseUrl.replace(/\/+$/, '');
  }

  get<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: GetOptions = {},
  ): Promise<Stored<T>> {
    const query = { resourceVersion: options.resourceVersion };
    const path = resourcePath(type, { ...ref, ...subresource(options) });
    return this.#call('GET', path, { query, signal: options.signal });
  }

  async list<T extends KubeObject>(type: ResourceType<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    const { namespace, signal, ...query } = options;
    const path = resourcePath(type, { namespace });
    const list = await this.#call<ObjectList<T>>('GET', path, { query: { ...query }, signal });
    // Items of a list come without kind and apiVersion; with them they are whole objects like any other.
    const [kind, apiVersion] = [type.kind, apiVersionOf(type)];
    return { ...list, items: (list.items ?? []).map((item) => ({ ...item, kind, apiVersion })) };
  }

  async *watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { namespace, signal, ...query } = options;
    const url = this.#url(resourcePath(type, { namespace }), {
      ...query,
      watch: true,
      ...(options.sendInitialEvents ? { resourceVersionMatch: 'NotOlderThan' } : {}),
    });
    try {
      const response = await this.options.fetch(url, {
        method: 'GET',
        headers: this.#headers(),
        ...(signal ? { signal } : {}),
      });
      if (response.status !== 200) throw errorOf(response, await response.text());
      if (!response.body) return;
      for await (const line of readLines(response.body, this.options.maxEventLength ?? 16 * 1024 * 1024)) {
        // The server is trusted to send what the API defines.
        const event = JSON.parse(line) as WatchEvent<T> | { type: 'ERROR'; object: Status };
        if (event.type === 'ERROR') throw fromStatus(event.object, 500);
        yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      throw transportError(error);
    }
  }

  create<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    const path = resourcePath(type, { namespace: object.metadata?.namespace });
    return this.#write('POST', path, complete(type, object), options);
  }

  update<T extends KubeObject>(
    type: ResourceType<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<Stored<T>> {
    const { name = '', namespace } = object.metadata ?? {};
    const path = resourcePath(type, { name, namespace, ...subresource(options) });
    return this.#write('PUT', path, complete(type, object), options);
  }

  patch<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    patch: Patch,
    options: WriteOptions & { force?: boolean } = {},
  ): Promise<Stored<T>> {
    return this.#call('PATCH', resourcePath(type, { ...ref, ...subresource(options) }), {
      query: { ...writeQuery(options), force: options.force },
      body: patch.body,
      contentType: PATCH_TYPES[patch.type],
      signal: options.signal,
    });
  }

  delete<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    options: DeleteOptions = {},
  ): Promise<Stored<T> | Status> {
    const { dryRun, ...rest } = options;
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', ...rest, ...(dryRun ? { dryRun: ['All'] } : {}) };
    return this.#call('DELETE', resourcePath(type, ref), { body });
  }

  createSubresource<T extends KubeObject>(
    type: ResourceType<T>,
    ref: ObjectRef,
    name: string,
    body: KubeObject,
    options: WriteOptions = {},
  ): Promise<KubeObject | Status> {
    return this.#write('POST', resourcePath(type, { ...ref, subresource: name }), body, options);
  }

  #write<R>(method: string, path: string, body: object, options: WriteOptions): Promise<R> {
    return this.#call(method, path, { query: writeQuery(options), body, signal: options.signal });
  }

  async #call<R>(
    method: string,
    path: string,
    request: { query?: Query; body?: unknown; contentType?: string; signal?: AbortSignal | undefined },
  ): Promise<R> {
    const deadline = AbortSignal.timeout(this.options.requestTimeoutMs ?? 30_000);
    const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
    const withBody = request.body !== undefined;
    try {
      const response = await this.options.fetch(this.#url(path, request.query ?? {}), {
        method,
        headers: {
          ...this.#headers(),
          ...(withBody ? { 'content-type': request.contentType ?? 'application/json' } : {}),
        },
        ...(withBody ? { body: JSON.stringify(request.body) } : {}),
        signal,
      });
      const text = await response.text();
      if (response.status < 200 || response.status > 299) throw errorOf(response, text);
      // The server is trusted to answer with what the API defines.
      return JSON.parse(text) as R;
    } catch (error) {
      throw transportError(error);
    }
  }

  #headers(): Record<string, string> {
    const { headers } = this.options;
    return { accept: 'application/json', ...(typeof headers === 'function' ? headers() : headers) };
  }

  #url(path: string, query: Query): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) search.set(name, String(value));
    const text = search.toString();
    return `${this.#base}${path}${text ? `?${text}` : ''}`;
  }
}

function complete<T extends KubeObject>(type: ResourceType<T>, object: T): T {
  return { ...object, kind: type.kind, apiVersion: apiVersionOf(type) };
}

function writeQuery(options: WriteOptions): Query {
  return { dryRun: options.dryRun ? 'All' : undefined, fieldManager: options.fieldManager };
}

const subresource = (options: WriteOptions) =>
  options.subresource === undefined ? {} : { subresource: options.subresource };

/** An answer that is not a success: the server's Status, or one made from the HTTP code (a proxy's page). */
function errorOf(response: FetchResponse, text: string): ApiError {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  const seconds = Number.isFinite(retryAfter) ? retryAfter : undefined;
  try {
    const body = JSON.parse(text) as Partial<Status> | null;
    if (body?.kind === 'Status') return fromStatus(body, response.status, seconds);
  } catch {
    // Not JSON: told below with the code and the beginning of the text.
  }
  const message = `the server answered ${response.status}${text ? `: ${text.slice(0, 200)}` : ''}`;
  return apiError(reasonOf(response.status), message, {
    code: response.status,
    ...(seconds ? { retryAfterSeconds: seconds } : {}),
  });
}

function fromStatus(status: Partial<Status>, code: number, retryAfterSeconds?: number): ApiError {
  const finalCode = status.code ?? code;
  return new ApiError(
    {
      ...status,
      code: finalCode,
      reason: status.reason ?? reasonOf(finalCode),
      message: status.message ?? '',
    },
    retryAfterSeconds ?? status.details?.retryAfterSeconds,
  );
}

const REASONS: Readonly<Record<number, ErrorReason>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  406: 'NotAcceptable',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  504: 'Timeout',
};

function reasonOf(code: number): ErrorReason {
  return REASONS[code] ?? (code >= 502 ? 'ServiceUnavailable' : code >= 500 ? 'InternalError' : 'BadRequest');
}

/** Whatever fetch, the body's reader or JSON.parse throws means that no whole answer came. */
function transportError(error: unknown): ApiError {
  if (error instanceof ApiError) return asApiError(error);
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const text = cause instanceof Error ? cause.message : String(cause);
  const wrapped = serviceUnavailable(`the API server cannot be reached: ${text}`);
  wrapped.cause = error;
  return wrapped;
}
