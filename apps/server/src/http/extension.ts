import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { DiscoveryResource } from '@wheelhouse/shared/meta/discovery';
import type { JsonObject } from '@wheelhouse/shared/meta/json';
import type { PrintColumn } from '@wheelhouse/shared/meta/kind';
import type { KubeObject } from '@wheelhouse/shared/meta/object';

/** Who is asking, as the authenticators established it. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
  /** Who really asked, when an authorized user acts as another; for the audit. */
  readonly impersonatedBy?: string;
}

export type Req = IncomingMessage | Http2ServerRequest;
export type Res = ServerResponse | Http2ServerResponse;

/** A request after authentication and path parsing, before authorization. */
export interface ApiRequest {
  readonly user: UserInfo;
  readonly method: string;
  readonly url: URL;
  /** The resource part, or undefined for non-resource paths. */
  readonly resource?: {
    readonly verb: string;
    readonly group: string;
    readonly version: string;
    readonly plural: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
    /** As asked for, with list, watch and deletecollection: what a node may list depends on it. */
    readonly fieldSelector?: string;
  };
}

/**
 * A group whose resources are computed, not stored: audit entries, placement previews. It appears in discovery
 * and is authorized like any other resource; answers are JSON values (serialised by the pipeline).
 */
export interface VirtualGroup {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly VirtualResource[];
}

export interface VirtualResource {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames?: readonly string[];
  /** Can be created without a namespace too, for what concerns several. */
  readonly everywhere?: boolean;
  /** Set when only this part of `plural` is here (`pods/schedulingexplanation`): they are stored in another group. */
  readonly subresource?: string;
  /** How objects are printed for people; without them clients print names alone. */
  readonly columns?: readonly PrintColumn<KubeObject>[];
  /** Said with every answer, e.g. that there is something better by now. */
  readonly warning?: string;
  /** Subset of get, list, create. Each has its handler. Handlers throw ApiError for refusals. */
  readonly get?: (name: string, request: ApiRequest) => Promise<object>;
  readonly list?: (request: ApiRequest) => Promise<object>;
  readonly create?: (body: unknown, request: ApiRequest) => Promise<object>;
}

/**
 * A computed subresource of a stored kind (`pods/schedulingexplanation`) or a streaming one (`pods/log`):
 * it writes the answer itself.
 */
export interface SubresourceHandler {
  readonly group: string;
  readonly plural: string;
  readonly subresource: string;
  /** The HTTP methods that it has; without them all. */
  readonly methods?: readonly string[];
  /** What it answers with, when that is not an object of the stored kind. */
  readonly kind?: string;
  /** The kind of a connection's options (`PodExecOptions`): admission is asked about these before it is made. */
  readonly connects?: string;
  handle(request: ApiRequest, req: Req, res: Res, admit: AdmitBody): Promise<void>;
  /** For exec, attach, port-forward: the raw upgraded connection. */
  upgrade?(request: ApiRequest, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

/**
 * Asks admission about an object that a request to a subresource makes without its being stored. Resolves with what
 * admission has made of it; throws its refusal.
 */
export type AdmitBody = <T extends KubeObject>(
  body: T,
  kind: { readonly group: string; readonly version: string; readonly kind: string },
) => Promise<T>;

/** Groups that other servers answer for: requests are passed on to them. */
export interface GroupProxy {
  /** Undefined: this server answers for the group and version itself. */
  find(group: string, version: string): ProxiedGroup | undefined;
  /** What the others serve, as far as it is known, for discovery. */
  readonly resources: readonly DiscoveryResource[];
  /** What they publish of their types. */
  readonly published: readonly PublishedTypes[];
  /** Changes whenever `published` does. */
  readonly generation: number;
}

/** The documents in which another server describes its types. */
export interface PublishedTypes {
  /** Of version 3, by path: `apis/GROUP/VERSION`. */
  readonly v3: ReadonlyMap<string, object>;
  /** Of version 2, what is not in every server's document. */
  readonly v2: {
    readonly paths: Record<string, JsonObject>;
    readonly definitions: Record<string, JsonObject>;
  };
}

export interface ProxiedGroup {
  /** The request has been authorized. Throws ServiceUnavailable while the other server cannot be reached. */
  handle(user: UserInfo, req: Req, res: Res): Promise<void>;
  upgrade(user: UserInfo, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
}

/** A connection upgrade outside the API's resources, e.g. the agents' WebSocket. Does its own authentication. */
export interface UpgradeHandler {
  readonly path: string;
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
}
