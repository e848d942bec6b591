import { Resolver } from 'node:dns/promises';
import type { Service } from '@wheelhouse/shared/kinds/core/service';
import type { EndpointSlice } from '@wheelhouse/shared/kinds/discovery/endpoint-slice';
import * as packet from 'dns-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterView } from './cluster-zone';
import { DnsServer } from './dns-server';

const services: Record<string, Service> = {
  'shop/web': {
    metadata: { namespace: 'shop', name: 'web' },
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ports: [{ name: 'http', port: 80 }] },
  },
  'shop/db': {
    metadata: { namespace: 'shop', name: 'db' },
    spec: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5432 }] },
  },
  'shop/away': {
    metadata: { namespace: 'shop', name: 'away' },
    spec: { type: 'ExternalName', externalName: 'example.com' },
  },
  'shop/alias': {
    metadata: { namespace: 'shop', name: 'alias' },
    spec: { type: 'ExternalName', externalName: 'Second.shop.svc.cluster.local' },
  },
  'shop/second': {
    metadata: { namespace: 'shop', name: 'second' },
    spec: { type: 'ExternalName', externalName: 'web.shop.svc.cluster.local' },
  },
  'shop/circle': {
    metadata: { namespace: 'shop', name: 'circle' },
    spec: { type: 'ExternalName', externalName: 'circle.shop.svc.cluster.local' },
  },
  'shop/outside': {
    metadata: { namespace: 'shop', name: 'outside' },
    spec: { type: 'ExternalName', externalName: 'known.example.com' },
  },
  'shop/many': {
    metadata: { namespace: 'shop', name: 'many' },
    spec: { clusterIP: 'None', clusterIPs: ['None'] },
  },
};
const endpoints: Record<string, EndpointSlice['endpoints']> = {
  'shop/db': [
    { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.1.5'], hostname: 'db-1', conditions: { ready: true } },
    { addresses: ['10.244.2.5'], hostname: 'db-2', conditions: { ready: false } },
  ],
  'shop/many': Array.from({ length: 80 }, (_, index) => ({ addresses: [`10.244.9.${index}`] })),
};
const view: ClusterView = {
  service: (namespace, name) => services[`${namespace}/${name}`],
  slices: (namespace, name) => [
    {
      metadata: {},
      addressType: 'IPv4',
      endpoints: endpoints[`${namespace}/${name}`] ?? [],
      ports: [{ name: 'sql', port: 15432, protocol: 'TCP' }],
    },
  ],
  hasNamespace: (namespace) => namespace === 'shop',
  namesOfAddress: (address) => (address === '10.96.0.9' ? ['web.shop.svc'] : []),
};

let server: DnsServer;
let resolver: Resolver;
const forwarded: Buffer[] = [];

beforeEach(async () => {
  forwarded.length = 0;
  server = new DnsServer({
    view,
    domain: 'cluster.local',
    upstream: async (query) => {
      forwarded.push(query);
      const { id, questions = [] } = packet.decode(query);
      const [{ name } = { name: '' }] = questions;
      if (name === 'known.example.com') {
        const answers: packet.Answer[] = [{ type: 'A', name, ttl: 60, data: '192.0.2.7' }];
        return packet.encode({ type: 'response', ...(id === undefined ? {} : { id }), questions, answers });
      }
      throw new Error('no upstream here');
    },
  });
  const port = await server.listen('127.0.0.1', 0);
  resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
});
afterEach(() => server.close());

describe('the cluster zone', () => {
  it('gives a service its cluster IP, whatever the case of the question', async () => {
    expect(await resolver.resolve4('web.shop.svc.cluster.local')).toEqual(['10.96.0.9']);
    expect(await resolver.resolve4('WEB.shop.SVC.cluster.local')).toEqual(['10.96.0.9']);
    expect(await resolver.reverse('10.96.0.9')).toEqual(['web.shop.svc.cluster.local']);
  });

  it('gives a headless service the addresses of its ready endpoints, and each endpoint a name', async () => {
    expect((await resolver.resolve4('db.shop.svc.cluster.local')).sort()).toEqual([
      '10.244.0.5',
      '10.244.1.5',
    ]);
    expect(await resolver.resolve4('db-1.db.shop.svc.cluster.local')).toEqual(['10.244.1.5']);
    await expect(resolver.resolve4('db-2.db.shop.svc.cluster.local')).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
  });

  it('finds named ports', async () => {
    expect(await resolver.resolveSrv('_http._tcp.web.shop.svc.cluster.local')).toMatchObject([
      { name: 'web.shop.svc.cluster.local', port: 80 },
    ]);
    const members = await resolver.resolveSrv('_sql._tcp.db.shop.svc.cluster.local');
    expect(members.map((member) => [member.name, member.port]).sort()).toEqual([
      ['db-0.db.shop.svc.cluster.local', 15432],
      ['db-1.db.shop.svc.cluster.local', 15432],
    ]);
  });

  it('knows external names, pods by address and its own version', async () => {
    expect(await resolver.resolveCname('away.shop.svc.cluster.local')).toEqual(['example.com']);
    expect(await resolver.resolve4('10-244-0-5.shop.pod.cluster.local')).toEqual(['10.244.0.5']);
    expect(await resolver.resolveTxt('dns-version.cluster.local')).toEqual([['1.1.0']]);
  });

  it('follows external names to the address, in the cluster and outside, and not in circles', async () => {
    expect(await resolver.resolve4('alias.shop.svc.cluster.local')).toEqual(['10.96.0.9']);
    expect(await resolver.resolve4('outside.shop.svc.cluster.local')).toEqual(['192.0.2.7']);
    expect(await resolver.resolveCname('alias.shop.svc.cluster.local')).toEqual([
      'Second.shop.svc.cluster.local',
    ]);
    expect(await resolver.resolve4('circle.shop.svc.cluster.local')).toEqual([]);
  });

  it('tells a missing name from a missing type', async () => {
    await expect(resolver.resolve4('nobody.shop.svc.cluster.local')).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });
    await expect(resolver.resolve6('web.shop.svc.cluster.local')).rejects.toMatchObject({ code: 'ENODATA' });
    expect(forwarded).toHaveLength(0);
  });

  it('answers over TCP what does not fit a datagram', async () => {
    expect(await resolver.resolve4('many.shop.svc.cluster.local')).toHaveLength(80);
  });

  it('asks upstream for everything else, and says so when that fails', async () => {
    await expect(resolver.resolve4('example.com')).rejects.toMatchObject({ code: 'ESERVFAIL' });
    expect(forwarded.length).toBeGreaterThan(0);
  });
});
