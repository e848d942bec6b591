import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  type DiscoveryResource,
  discoveryOf,
} from '@wheelhouse/shared/meta/discovery';
import type { KindDefinition } from '@wheelhouse/shared/meta/kind';
import { parseAccept } from './accept';
import { BINDING } from './computed-kinds';
import { sendKept } from './entity-tag';
import type { VirtualResource } from './extension';
import type { Extensions } from './extensions';
import { sendConverted, sendObject } from './respond';
import type { PathHandler } from './router';
import { noSuchMethod, noSuchResource } from './status-errors';
import { storageVersionHash } from './storage-version-hash';

/** `/api`, `/apis` (also in the aggregated form), `/api/v1`, `/apis/GROUP`, `/apis/GROUP/VERSION`. */
export function discoveryHandler(
  served: { readonly kinds: readonly KindDefinition[] },
  extensions: Extensions,
): PathHandler {
  return (req, res, path) => {
    const [, root, first, second, ...more] = path.replace(/\/$/, '').split('/');
    if ((root !== 'api' && root !== 'apis') || more.length > 0 || first === '') return false;
    // Lists of groups come from a handler that asks for no method; the rest from routes that know GET alone.
    const onlyGet = () => {
      if (req.method !== 'GET') throw noSuchMethod();
    };
    const resources = servedResources(served.kinds, extensions);
    if (first === undefined) {
      if (root === 'api') onlyGet();
      const version = aggregatedVersion(req.headers.accept);
      if (version) {
        const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
        const legacy = root === 'api';
        const body = JSON.stringify(aggregatedDiscovery(resources, { legacy, version }));
        sendKept(req, res, { type, body });
      } else if (root === 'api') {
        sendObject(res, 200, apiVersions(String(req.headers.host ?? req.headers[':authority'] ?? '')));
      } else {
        sendConverted(res, 200, apiGroupList(resources));
      }
      return true;
    }
    if (root === 'api') {
      if (second !== undefined) return false;
      const core = apiResourceList(resources, '', first);
      if (!core) throw noSuchResource();
      onlyGet();
      sendObject(res, 200, core);
      return true;
    }
    const group = apiGroup(resources, first);
    if (!group) return false;
    if (second === undefined) {
      sendConverted(res, 200, group);
      return true;
    }
    const answer = apiResourceList(resources, first, second);
    // Groups that only definitions make are answered for by a handler of their own.
    const isBuiltIn = hasBuiltIn(served.kinds, extensions, first);
    if (!answer && !isBuiltIn) return false;
    if (!answer) throw noSuchResource();
    if (isBuiltIn) onlyGet();
    sendObject(res, 200, answer);
    return true;
  };
}

function hasBuiltIn(kinds: readonly KindDefinition[], extensions: Extensions, group: string): boolean {
  return kinds.some((kind) => kind.group === group && !kind.custom) || extensions.hasGroup(group);
}

/** The kinds, the computed groups, and the subresources that other parts have added. */
export function servedResources(
  kinds: readonly KindDefinition[],
  extensions: Extensions,
): DiscoveryResource[] {
  const found = kinds.map((kind) =>
    withHandlers({ ...discoveryOf(kind), storageVersionHash: storageVersionHash(kind) }, extensions),
  );
  if (kinds.some(({ group, plural }) => group === '' && plural === 'pods')) {
    found.push({ group: '', version: 'v1', ...BINDING, verbs: ['create'], subresources: [] });
  }
  found.push(...(extensions.proxy?.resources ?? []));
  for (const { group, version, resources } of extensions.virtualGroups) {
    found.push(...resources.map((resource) => ({ group, version, ...discoveryOfVirtual(resource) })));
  }
  return found;
}

function discoveryOfVirtual(resource: VirtualResource): Omit<DiscoveryResource, 'group' | 'version'> {
  const { plural, singular, kind, namespaced, shortNames, subresource, get, list, create } = resource;
  const verbs = [...(create ? ['create'] : []), ...(get ? ['get'] : []), ...(list ? ['list'] : [])];
  const described = { plural, namespaced, shortNames };
  return subresource === undefined
    ? { ...described, kind, singular, verbs, subresources: [] }
    : { ...described, kind: '', singular: '', verbs: [], subresources: [{ name: subresource, kind, verbs }] };
}

function withHandlers(resource: DiscoveryResource, extensions: Extensions): DiscoveryResource {
  const more = [...extensions.subresourceHandlers].filter(
    ({ group, plural, subresource }) =>
      group === resource.group &&
      plural === resource.plural &&
      !resource.subresources.some(({ name }) => name === subresource),
  );
  if (more.length === 0) return resource;
  const added = more.map(({ subresource, kind = resource.kind }) => ({
    name: subresource,
    kind,
    verbs: ['get'],
  }));
  return { ...resource, subresources: [...resource.subresources, ...added] };
}

function aggregatedVersion(accept: string | undefined): 'v2' | 'v2beta1' | undefined {
  if (!accept?.includes('apidiscovery.k8s.io')) return undefined;
  for (const { type, parameters } of parseAccept(accept)) {
    if (type !== 'application/json') continue;
    const as = parameters.get('as');
    if (as === undefined) return undefined;
    const version = parameters.get('v');
    if (as !== 'APIGroupDiscoveryList' || parameters.get('g') !== 'apidiscovery.k8s.io') continue;
    if (version === 'v2' || version === 'v2beta1') return version;
  }
  return undefined;
}
