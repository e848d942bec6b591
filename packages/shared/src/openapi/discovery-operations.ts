import type { KindDefinition } from '../meta/kind';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** An operation that tells what there is rather than about an object. */
export interface DiscoveryOperation {
  readonly path: string;
  readonly id: string;
  readonly description: string;
  readonly tag: string;
  /** Name of a type; undefined: a document of another sort. */
  readonly response: string | undefined;
  readonly produces: readonly string[];
}

const OBJECT = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** Ways of finding out about the API: versions, groups, resources, who signs tokens. */
export function discoveryOperations(kinds: readonly KindDefinition[]): DiscoveryOperation[] {
  const groups = new Map<string, Set<string>>();
  for (const { group, version } of kinds)
    groups.set(group, (groups.get(group) ?? new Set<string>()).add(version));
  const found: DiscoveryOperation[] = [
    {
      path: '/version/',
      id: 'getCodeVersion',
      description: 'get the version of the server',
      tag: 'version',
      response: 'io.k8s.apimachinery.pkg.version.Info',
      produces: ['application/json'],
    },
    {
      path: '/apis/',
      id: 'getAPIVersions',
      description: 'get the groups of the API',
      tag: 'apis',
      response: `${META}.APIGroupList`,
      produces: OBJECT,
    },
    {
      path: '/openid/v1/jwks/',
      id: 'getServiceAccountIssuerOpenIDKeyset',
      description: 'get the keys that service account tokens are checked with',
      tag: 'openid',
      response: undefined,
      produces: ['application/jwk-set+json'],
    },
    {
      path: '/.well-known/openid-configuration/',
      id: 'getServiceAccountIssuerOpenIDConfiguration',
      description: 'get where the issuer of service account tokens keeps its keys',
      tag: 'WellKnown',
      response: undefined,
      produces: ['application/json'],
    },
  ];
  for (const [group, versions] of groups) {
    const name = groupName(group);
    const id = `get${name.charAt(0).toUpperCase()}${name.slice(1)}`;
    const root = group ? `/apis/${group}/` : '/api/';
    found.push({
      path: root,
      id: group ? `${id}APIGroup` : `${id}APIVersions`,
      description: group ? 'get a group of the API' : 'get the versions of the core API',
      tag: name,
      response: group ? `${META}.APIGroup` : `${META}.APIVersions`,
      produces: OBJECT,
    });
    for (const version of versions) {
      found.push({
        path: `${root}${version}/`,
        id: `${id}${version.charAt(0).toUpperCase()}${version.slice(1)}APIResources`,
        description: 'get the resources of a version of the API',
        tag: `${name}_${version}`,
        response: `${META}.APIResourceList`,
        produces: OBJECT,
      });
    }
  }
  return found;
}

/** A group as tags and ids of operations call it. */
export function groupName(group: string): string {
  return group === '' ? 'core' : (group.split('.')[0] ?? '').replace(/[^A-Za-z0-9]/g, '');
}
