import { badRequest, methodNotAllowed } from '@wheelhouse/shared/errors';
import { decode } from '@wheelhouse/shared/meta/decode';
import { isObject } from '@wheelhouse/shared/meta/json';
import { apiVersionOf, type KindDefinition } from '@wheelhouse/shared/meta/kind';
import { hasTypeSchema } from '@wheelhouse/shared/meta/schema';
import { mediaType, parseBody, readBody } from './body';
import { tableOfComputed } from './computed';
import { computedKind } from './computed-kinds';
import type {
  ApiRequest,
  GroupProxy,
  Req,
  Res,
  SubresourceHandler,
  UpgradeHandler,
  VirtualGroup,
  VirtualResource,
} from './extension';
import { requireProducible } from './negotiation';
import type { ResourcePath } from './request-info';
import { sendJson, sendObject } from './respond';
import { dryRunOf } from './write-options';

/** What other parts of the server add to the API: computed groups and subresources, connection upgrades. */
export class Extensions {
  readonly #groups: VirtualGroup[] = [];
  readonly #subresources = new Map<string, SubresourceHandler>();
  readonly #upgrades: UpgradeHandler[] = [];

  get virtualGroups(): readonly VirtualGroup[] {
    return this.#groups;
  }

  get subresourceHandlers(): Iterable<SubresourceHandler> {
    return this.#subresources.values();
  }

  addVirtualGroup(group: VirtualGroup): void {
    this.#groups.push(group);
  }

  addSubresource(handler: SubresourceHandler): void {
    this.#subresources.set(`${handler.group}/${handler.plural}/${handler.subresource}`, handler);
  }

  /** Set once, by whoever passes requests on to other servers. */
  proxy: GroupProxy | undefined;

  addUpgrade(handler: UpgradeHandler): void {
    this.#upgrades.push(handler);
  }

  upgradeFor(path: string): UpgradeHandler | undefined {
    return this.#upgrades.find((handler) => handler.path === path);
  }

  hasGroup(group: string): boolean {
    return this.#groups.some((virtual) => virtual.group === group);
  }

  subresource(path: Pick<ResourcePath, 'group' | 'plural' | 'subresource'>): SubresourceHandler | undefined {
    return this.#subresources.get(`${path.group}/${path.plural}/${path.subresource ?? ''}`);
  }

  virtual(
    path: Pick<ResourcePath, 'group' | 'version' | 'plural'> & Partial<Pick<ResourcePath, 'subresource'>>,
  ): VirtualResource | undefined {
    for (const { group, version, resources } of this.#groups) {
      if (group !== path.group || version !== path.version) continue;
      const resource = resources.find(
        ({ plural, subresource }) => plural === path.plural && subresource === path.subresource,
      );
      if (resource) return resource;
    }
    return undefined;
  }

  async answerVirtual(
    resource: VirtualResource,
    req: Req,
    res: Res,
    request: ApiRequest,
    path: ResourcePath,
  ): Promise<void> {
    requireProducible(req.headers.accept);
    const warnings = resource.warning === undefined ? [] : [resource.warning];
    const answer = (value: object) => {
      const table = tableOfComputed(value, resource, { req, request });
      if (table) sendJson(res, 200, table, warnings);
      else sendObject(res, 200, value, warnings);
    };
    switch (request.resource?.verb) {
      case 'get':
        if (!resource.get || path.name === undefined) throw methodNotAllowed();
        return answer(await resource.get(path.name, request));
      case 'list':
        if (!resource.list) throw methodNotAllowed();
        return answer(await resource.list(request));
      case 'create': {
        if (!resource.create || path.name !== undefined) throw methodNotAllowed();
        dryRunOf(request.url.searchParams.getAll('dryRun'), 'CreateOptions');
        const body = await parseBody(await readBody(req), mediaType(req));
        return sendObject(res, 201, await resource.create(decoded(body, path, resource), request));
      }
      default:
        throw methodNotAllowed();
    }
  }
}

/** A body need not say what it is, but if it does, it has to be right; so have its fields where they are known. */
function decoded(body: unknown, { group, version }: ResourcePath, resource: VirtualResource): unknown {
  const kind = computedKind({ group, version }, resource);
  if (hasTypeSchema(kind.schema)) return decode(kind, body).object;
  checkNames(body, kind);
  return body;
}

function checkNames(body: unknown, kind: KindDefinition): void {
  if (!isObject(body)) return;
  const expected = apiVersionOf(kind);
  if (body.apiVersion !== undefined && body.apiVersion !== '' && body.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(body.apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  if (body.kind !== undefined && body.kind !== '' && body.kind !== kind.kind) {
    throw badRequest(
      `${String(body.kind)} in version "${kind.version}" cannot be handled as a ${kind.kind}: the kind does not match`,
    );
  }
}
