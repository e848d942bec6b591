import { describe, expect, it } from 'vitest';
import { allKinds } from '../kinds/all';
import { haveFacts, readJsonFact } from '../testing/facts';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  compareVersions,
  discoveryOf,
} from './discovery';

const resources = allKinds.map(discoveryOf);

it('lists groups without the core one', () => {
  expect(apiGroupList(resources)).toMatchObject({
    kind: 'APIGroupList',
    groups: expect.arrayContaining([
      {
        name: 'apps',
        versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
        preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
      },
    ]),
  });
  expect(apiGroup(resources, 'nope')).toBeUndefined();
  expect(apiResourceList(resources, 'apps', 'v9')).toBeUndefined();
});

it('names every resource and part of one once', () => {
  for (const { group, version } of resources) {
    const { resources: listed } = apiResourceList(resources, group, version) as {
      resources: { name: string }[];
    };
    const names = listed.map(({ name }) => name);
    expect(new Set(names).size, `${group}/${version}`).toBe(names.length);
  }
});

it('tells everything at once to those who ask', () => {
  const core = aggregatedDiscovery(resources, { legacy: true, version: 'v2' });
  expect(core).toMatchObject({
    kind: 'APIGroupDiscoveryList',
    items: [{ versions: [{ version: 'v1', freshness: 'Current' }] }],
  });
  const apps = aggregatedDiscovery(resources, { legacy: false, version: 'v2beta1' });
  expect(JSON.stringify(apps)).toContain(
    '{"subresource":"scale","responseKind":{"group":"autoscaling","version":"v1","kind":"Scale"},"verbs":["get","patch","update"]}',
  );
});

it('prefers stable and newer versions', () => {
  const versions = ['v1beta1', 'v2', 'v1alpha1', 'v1', 'v1beta2', 'x'];
  expect(versions.sort(compareVersions)).toEqual(['v2', 'v1', 'v1beta2', 'v1beta1', 'v1alpha1', 'x']);
});

interface Listed {
  name: string;
  kind: string;
  namespaced: boolean;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
}

/** Served by the server on behalf of others, or gone since. */
const LATER = new Set(['pods/eviction', 'serviceaccounts/token', 'pods/ephemeralcontainers']);

describe.skipIf(!haveFacts)('compared with a real server', () => {
  const facts = haveFacts ? (readJsonFact('facts/discovery.json') as Record<string, Listed[]>) : {};
  const served = new Set(allKinds.map(({ group, version }) => (group ? `${group}/${version}` : version)));

  it.each(Object.keys(facts).filter((groupVersion) => served.has(groupVersion)))('%s', (groupVersion) => {
    const [group = '', version = ''] = groupVersion.includes('/')
      ? groupVersion.split('/')
      : ['', groupVersion];
    const list = apiResourceList(resources, group, version) as { resources: Listed[] };
    const plurals = new Set(allKinds.filter((kind) => kind.group === group).map(({ plural }) => plural));
    for (const expected of facts[groupVersion] ?? []) {
      if (!plurals.has(expected.name.split('/')[0] ?? '') || LATER.has(expected.name)) continue;
      const actual = list.resources.find(({ name }) => name === expected.name);
      expect(actual, expected.name).toMatchObject({
        kind: expected.kind,
        namespaced: expected.namespaced,
        // Later servers answer more verbs, e.g. deletecollection for services.
        verbs: expect.arrayContaining(expected.verbs),
        ...(expected.shortNames ? { shortNames: expected.shortNames } : {}),
        ...(expected.categories ? { categories: expected.categories } : {}),
      });
    }
  });
});
