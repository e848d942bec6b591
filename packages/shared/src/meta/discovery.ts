import type { KindDefinition, SubresourceDefinition } from './kind';

/**
 * The documents by which clients find out what there is: one list a group and version, and the aggregated form
 * that tells everything at once. Pure functions of the resources that are served.
 */
export interface DiscoveryResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  /** None when only its subresources are here. */
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[] | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly subresources: readonly SubresourceDefinition[];
  /** Tells clients whether two versions are forms of the same stored objects; only of what is stored. */
  readonly storageVersionHash?: string;
}

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const OBJECT_VERBS = ['get', 'patch', 'update'];

/** Every subresource of a kind, also those that follow from its definition, by name. */
export function subresourcesOf(kind: KindDefinition): SubresourceDefinition[] {
  const all = [...(kind.subresources ?? [])];
  for (const name of Object.keys(kind.parts ?? {})) all.push({ name, kind: kind.kind, verbs: OBJECT_VERBS });
  if (kind.status) all.push({ name: 'status', kind: kind.kind, verbs: OBJECT_VERBS });
  if (kind.scale) {
    all.push({ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: OBJECT_VERBS });
  }
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function discoveryOf(kind: KindDefinition): DiscoveryResource {
  const { group, version, plural, singular, namespaced, shortNames, categories } = kind;
  return {
    group,
    version,
    kind: kind.kind,
    plural,
    singular,
    namespaced,
    shortNames,
    categories,
    verbs: [...(kind.verbs ?? ALL_VERBS)].sort(),
    subresources: subresourcesOf(kind),
  };
}

/** `/api`. `serverAddress` is HOST:PORT as clients reach it. */
export function apiVersions(serverAddress: string): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

/** `/apis`: every named group with its versions, the preferred one first. */
export function apiGroupList(resources: readonly DiscoveryResource[]): object {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groupNames(resources)
      .filter((group) => group !== '')
      .map((group) => groupOf(resources, group)),
  };
}

/** `/apis/GROUP`; undefined when there is no such group. */
export function apiGroup(resources: readonly DiscoveryResource[], group: string): object | undefined {
  if (!resources.some((resource) => resource.group === group)) return undefined;
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(resources, group) };
}

/** `/api/v1` or `/apis/GROUP/VERSION`; undefined when there is no such version. */
export function apiResourceList(
  resources: readonly DiscoveryResource[],
  group: string,
  version: string,
): object | undefined {
  const own = resources
    .filter((resource) => resource.group === group && resource.version === version)
    .sort(byPlural);
  if (own.length === 0) return undefined;
  return {
    kind: 'APIResourceList',
    ...(group ? { apiVersion: 'v1' } : {}),
    groupVersion: group ? `${group}/${version}` : version,
    resources: own.flatMap((resource) => [
      ...(resource.verbs.length > 0 ? [listedResource(resource)] : []),
      ...resource.subresources.map((sub) => ({
        name: `${resource.plural}/${sub.name}`,
        singularName: '',
        namespaced: resource.namespaced,
        ...(sub.group === undefined ? {} : { group: sub.group }),
        ...(sub.version === undefined ? {} : { version: sub.version }),
        kind: sub.kind,
        verbs: sub.verbs,
      })),
    ]),
  };
}

function listedResource(resource: DiscoveryResource): object {
  return {
    name: resource.plural,
    singularName: resource.singular,
    namespaced: resource.namespaced,
    kind: resource.kind,
    verbs: resource.verbs,
    ...(resource.shortNames?.length ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories?.length ? { categories: resource.categories } : {}),
    ...(resource.storageVersionHash ? { storageVersionHash: resource.storageVersionHash } : {}),
  };
}

/**
 * `/api` or `/apis` for clients that accept `as=APIGroupDiscoveryList`: all resources in one answer.
 * `legacy` is the core group alone, which is what `/api` answers.
 */
export function aggregatedDiscovery(
  resources: readonly DiscoveryResource[],
  options: { legacy: boolean; version: 'v2' | 'v2beta1' },
): object {
  const groups = groupNames(resources).filter((group) => (group === '') === options.legacy);
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${options.version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: { ...(group ? { name: group } : {}), creationTimestamp: null },
      versions: versionsOf(resources, group).map((version) => ({
        version,
        resources: resources
          .filter((resource) => resource.group === group && resource.version === version)
          .sort(byPlural)
          .map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(resource: DiscoveryResource): object {
  return {
    resource: resource.plural,
    responseKind: { group: resource.group, version: resource.version, kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames?.length ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories?.length ? { categories: resource.categories } : {}),
    ...(resource.subresources.length
      ? {
          subresources: resource.subresources.map((sub) => ({
            subresource: sub.name,
            responseKind: {
              group: sub.group ?? resource.group,
              version: sub.version ?? resource.version,
              kind: sub.kind,
            },
            verbs: sub.verbs,
          })),
        }
      : {}),
  };
}

function groupOf(resources: readonly DiscoveryResource[], group: string) {
  const versions = versionsOf(resources, group).map((version) => ({
    groupVersion: `${group}/${version}`,
    version,
  }));
  return { name: group, versions, preferredVersion: versions[0] };
}

function byPlural(a: DiscoveryResource, b: DiscoveryResource): number {
  return a.plural < b.plural ? -1 : 1;
}

function groupNames(resources: readonly DiscoveryResource[]): string[] {
  return [...new Set(resources.map(({ group }) => group))];
}

function versionsOf(resources: readonly DiscoveryResource[], group: string): string[] {
  const versions = resources.filter((resource) => resource.group === group).map(({ version }) => version);
  return [...new Set(versions)].sort(compareVersions);
}

/** The most preferred first: stable before beta before alpha, newer before older. */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string) => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (!match) return undefined;
    const stage = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
    return [stage, Number(match[1]), Number(match[3] ?? 0)] as const;
  };
  const left = rank(a);
  const right = rank(b);
  if (!left || !right) return left ? -1 : right ? 1 : a < b ? -1 : a > b ? 1 : 0;
  for (const i of [0, 1, 2] as const) if (left[i] !== right[i]) return right[i] - left[i];
  return 0;
}
