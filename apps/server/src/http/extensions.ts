import { badRequest, methodNotAllowed } from '@wheelhouse/shared/errors';
import { isObject } from '@wheelhouse/shared/meta/json';
import { apiVersionOf } from '@wheelhouse/shared/meta/kind';
import { mediaType, parseBody, readBody } from './body';
import { presentComputed } from './computed';
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
import { requireWhole } from './negotiation';
import type { ResourcePath } from './request-info';
import { sendObject } from './respond';

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
    const presented = (value: object) => presentComputed(value, resource, { req, request });
    const warnings = resource.warning === undefined ? [] : [resource.warning];
    requireWhole(req.headers.accept);
    switch (request.resource?.verb) {
      case 'get':
        if (!resource.get || path.name === undefined) throw methodNotAllowed();
        return sendObject(res, 200, presented(await resource.get(path.name, request)), warnings);
      case 'list':
        if (!resource.list) throw methodNotAllowed();
        return sendObject(res, 200, presented(await resource.list(request)), warnings);
      case 'create': {
        if (!resource.create || path.name !== undefined) throw methodNotAllowed();
        const type = mediaType(req);
        const body = await parseBody(await readBody(req), type);
        checkNames(body, path, resource);
        return sendObject(res, 201, await resource.create(body, request));
      }
      default:
        throw methodNotAllowed();
    }
  }
}

/** A body need not say what it is, but if it does, it has to be right. */
function checkNames(body: unknown, { group, version }: ResourcePath, { kind }: VirtualResource): void {
  if (!isObject(body)) return;
  const expected = apiVersionOf({ group, version });
  if (body.apiVersion !== undefined && body.apiVersion !== '' && body.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${String(body.apiVersion)}) does not match the expected API version (${expected})`,
    );
  }
  if (body.kind !== undefined && body.kind !== '' && body.kind !== kind) {
    throw badRequest(
      `${String(body.kind)} in version "${version}" cannot be handled as a ${kind}: the kind does not match`,
    );
  }
}
