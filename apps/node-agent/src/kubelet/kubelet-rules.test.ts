import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stored } from '@wheelhouse/shared/meta/object';
import type { Pod, Service } from 'kubernetes-types/core/v1';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { normalizeImageReference } from '../runtime/images/image-reference';
import { rejectPod } from './admission';
import { expand } from './env/expand';
import { fieldValue, resourceFieldValue } from './env/field-ref';
import { serviceEnv } from './env/service-env';
import { hostsFile, resolvFile } from './pods/network-files';
import { PodAddresses, parseRange } from './pods/pod-addresses';
import { credentialsFor } from './pods/registry-credentials';
import { formatDelay, nextBackoff, remainingBackoff } from './pods/restart-backoff';
import { countResult, initialProbeState, type ProbeState } from './probes/probe-state';
import { writeAtomically } from './volumes/atomic-files';

const metadata = (name: string, namespace: string) => ({ name, namespace, uid: 'u', resourceVersion: '1' });

describe('$(NAME)', () => {
  const values = new Map([
    ['A', '1'],
    ['B', '$(A)'],
  ]);
  test.each([
    ['$(A)-$(B)', '1-$(A)'],
    ['$(MISSING)', '$(MISSING)'],
    ['$$(A) $$$(A) $', '$(A) $1 $'],
    ['$(A', '$(A'],
  ])('%s becomes %s', (text, result) => expect(expand(text, values)).toBe(result));
});

test('variables of services: both forms, headless ones left out, the own namespace before the cluster', () => {
  const service = (namespace: string, name: string, clusterIP: string): Stored<Service> => ({
    kind: 'Service',
    apiVersion: 'v1',
    metadata: metadata(name, namespace),
    spec: {
      clusterIP,
      ports: [
        { name: 'http-main', port: 80, protocol: 'TCP' },
        { port: 53, protocol: 'UDP' },
      ],
    },
  });
  const services = [
    service('default', 'kubernetes', '10.0.0.1'),
    service('shop', 'data-base', '10.0.0.2'),
    service('shop', 'headless', 'None'),
    service('other', 'far', '10.0.0.3'),
  ];
  const env = Object.fromEntries(
    serviceEnv(services, { namespace: 'shop', links: true }).map(({ name, value }) => [name, value]),
  );
  expect(env).toMatchObject({
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    DATA_BASE_SERVICE_HOST: '10.0.0.2',
    DATA_BASE_SERVICE_PORT: '80',
    DATA_BASE_SERVICE_PORT_HTTP_MAIN: '80',
    DATA_BASE_PORT: 'tcp://10.0.0.2:80',
    DATA_BASE_PORT_80_TCP: 'tcp://10.0.0.2:80',
    DATA_BASE_PORT_80_TCP_PROTO: 'tcp',
    DATA_BASE_PORT_53_UDP_PORT: '53',
    DATA_BASE_PORT_53_UDP_ADDR: '10.0.0.2',
  });
  expect(Object.keys(env).some((name) => /^(HEADLESS|FAR)/.test(name))).toBe(false);
  const unlinked = serviceEnv(services, { namespace: 'shop', links: false }).map(({ name }) => name);
  expect(unlinked.every((name) => name.startsWith('KUBERNETES_'))).toBe(true);
});

test('downward API: fields, single labels, resources with divisors', () => {
  const pod: Stored<Pod> = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { ...metadata('p', 'n'), labels: { b: 'x"y', a: '1' } },
    spec: {
      containers: [{ name: 'c', resources: { limits: { memory: '1500Ki' }, requests: { cpu: '250m' } } }],
    },
  };
  const facts = { podIp: '10.0.0.9', hostIp: '192.0.2.1', allocatable: { cpu: '4' } };
  expect(fieldValue(pod, "metadata.labels['a']", facts)).toBe('1');
  expect(fieldValue(pod, 'metadata.labels', facts)).toBe('a="1"\nb="x\\"y"');
  expect(fieldValue(pod, 'status.podIP', facts)).toBe('10.0.0.9');
  expect(fieldValue(pod, 'spec.nothing', facts)).toBeUndefined();
  const value = (resource: string, divisor?: string) =>
    resourceFieldValue(pod, { containerName: 'c', resource, ...(divisor ? { divisor } : {}) }, { facts });
  expect(value('limits.memory', '1Mi')).toBe('2');
  expect(value('requests.cpu', '1m')).toBe('250');
  expect(value('limits.cpu')).toBe('4');
});

test('back-off: at once, 10 s, doubling to 5 min, forgotten after it went well', () => {
  expect(remainingBackoff(undefined, 0, 0)).toBe(0);
  let backoff = nextBackoff(undefined, 0, 0);
  const delays = [backoff.delayMs];
  for (let i = 0; i < 6; i += 1) {
    backoff = nextBackoff(backoff, 1000, 1000);
    delays.push(backoff.delayMs);
  }
  expect(delays).toEqual([10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
  expect(remainingBackoff({ delayMs: 10_000, updatedAt: 0 }, 2_000, 5_000)).toBe(7_000);
  expect(nextBackoff({ delayMs: 300_000, updatedAt: 0 }, 600_001, 600_001).delayMs).toBe(10_000);
  expect([formatDelay(10_000), formatDelay(80_000), formatDelay(300_000)]).toEqual(['10s', '1m20s', '5m0s']);
});

test('a probe changes its verdict when as many equal results came in a row as asked', () => {
  const thresholds = { successThreshold: 2, failureThreshold: 3 };
  let state: ProbeState = initialProbeState;
  const verdicts = [true, true, false, false, true, false, false, false, true, true].map((result) => {
    state = countResult(state, result, thresholds);
    return state.verdict;
  });
  expect(verdicts.map((verdict) => verdict?.[0] ?? '-').join('')).toBe('-ssssssffs');
});

describe('admission on the node', () => {
  const pod = (cpu: string, hostPort?: number): Pod => ({
    spec: {
      containers: [
        {
          name: 'c',
          resources: { requests: { cpu } },
          ...(hostPort ? { ports: [{ containerPort: 80, hostPort }] } : {}),
        },
      ],
    },
  });
  const allocatable = { cpu: '2', memory: '1Gi', pods: '3' };
  test('lets in what fits', () => {
    expect(rejectPod({ pod: pod('1'), others: [pod('1')], allocatable, nodeLabels: {} })).toBeUndefined();
  });
  test.each([
    ['OutOfcpu', pod('1500m'), [pod('1')]],
    ['OutOfpods', pod('0'), [pod('0'), pod('0'), pod('0')]],
    ['NodePorts', pod('0', 80), [pod('0', 80)]],
    ['NodeAffinity', { spec: { containers: [], nodeSelector: { disk: 'ssd' } } }, []],
  ])('%s', (reason, candidate, others) => {
    expect(rejectPod({ pod: candidate, others, allocatable, nodeLabels: { disk: 'hdd' } })?.reason).toBe(
      reason,
    );
  });
});

describe('files', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wheelhouse-files-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test('addresses: never the first two or the last, kept over restarts, taken from what runs, given back', async () => {
    const file = join(directory, 'addresses.json');
    const addresses = new PodAddresses('10.1.2.0/29', file);
    const given = ['a', 'b', 'c', 'd', 'e'].map((uid) => addresses.allocate(uid));
    expect(given).toEqual(['10.1.2.2', '10.1.2.3', '10.1.2.4', '10.1.2.5', '10.1.2.6']);
    expect(addresses.allocate('f')).toBeUndefined();
    expect(addresses.allocate('b')).toBe('10.1.2.3');
    addresses.release('c');
    expect(addresses.allocate('f')).toBe('10.1.2.4');
    await addresses.flush();
    const again = new PodAddresses('10.1.2.0/29', file);
    await again.restore(new Map([['x', '10.1.2.2']]), new Set(['b', 'f']));
    expect([again.get('x'), again.get('b'), again.get('f'), again.get('a')]).toEqual([
      '10.1.2.2',
      '10.1.2.3',
      '10.1.2.4',
      undefined,
    ]);
    expect(again.allocate('new')).toBe('10.1.2.5');
    expect(() => parseRange('10.0.0.0')).toThrow(RangeError);
  });

  test('volume files change all at one moment, and nothing happens when nothing changed', async () => {
    const file = (path: string, content: string) => ({ path, content: Buffer.from(content), mode: 0o640 });
    expect(await writeAtomically(directory, [file('a', '1'), file('d/b', '2')])).toBe(true);
    expect(await writeAtomically(directory, [file('a', '1'), file('d/b', '2')])).toBe(false);
    expect(await writeAtomically(directory, [file('a', '3'), file('c', '4')])).toBe(true);
    expect(await readFile(join(directory, 'a'), 'utf8')).toBe('3');
    expect((await readdir(directory)).filter((name) => !name.startsWith('..')).sort()).toEqual(['a', 'c']);
    for (const path of ['../x', '/x', 'a/../../x', '..data/x']) {
      await expect(writeAtomically(directory, [file(path, '')])).rejects.toThrow('must lie inside');
    }
  });
});

test('hosts and name servers by policy', () => {
  const pod: Stored<Pod> = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: metadata('web', 'shop'),
    spec: { containers: [], subdomain: 'sub' },
  };
  expect(hostsFile(pod, '10.0.0.2', 'cluster.local')).toContain(
    '10.0.0.2\tweb.sub.shop.svc.cluster.local\tweb\n',
  );
  const settings = {
    dnsIp: '10.96.0.10',
    clusterDomain: 'cluster.local',
    host: 'nameserver 9.9.9.9\nsearch home\noptions edns0\n',
  };
  expect(resolvFile({ containers: [] }, 'shop', settings)).toBe(
    'search shop.svc.cluster.local svc.cluster.local cluster.local home\nnameserver 10.96.0.10\noptions ndots:5\n',
  );
  expect(resolvFile({ containers: [], dnsPolicy: 'Default' }, 'shop', settings)).toBe(
    'search home\nnameserver 9.9.9.9\noptions edns0\n',
  );
  expect(resolvFile({ containers: [], hostNetwork: true }, 'shop', settings)).toContain('nameserver 9.9.9.9');
  expect(
    resolvFile({ containers: [], dnsConfig: { options: [{ name: 'ndots', value: '2' }] } }, 'shop', settings),
  ).toContain('options ndots:2\n');
});

describe('image names', () => {
  test.each([
    ['nginx', 'nginx:latest'],
    ['localhost:5000/a/b:v1', 'localhost:5000/a/b:v1'],
    [`a/b@sha256:${'0'.repeat(64)}`, `a/b@sha256:${'0'.repeat(64)}`],
  ])('%s is %s', (text, result) => expect(normalizeImageReference(text)).toBe(result));
  test.each(['', 'Upper', 'a b', 'a//b', 'a:', ':x', '-a', `${'a'.repeat(600)}`])('%j is none', (text) => {
    expect(() => normalizeImageReference(text)).toThrow('invalid reference format');
  });
  test('credentials go to their own registry alone', () => {
    const config = {
      auths: { 'https://index.docker.io/v1/': { auth: Buffer.from('u:p:q').toString('base64') } },
    };
    const secret = { data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') } };
    expect(credentialsFor('team/app:1', [secret])).toMatchObject({ username: 'u', password: 'p:q' });
    expect(credentialsFor('registry.example.com/app', [secret])).toBeUndefined();
  });
});
