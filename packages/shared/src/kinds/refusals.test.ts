import { describe, expect, it } from 'vitest';
import type { KindDefinition } from '../meta/kind';
import type { KubeObject } from '../meta/object';
import { created, statusUpdated, updated } from '../testing/refusals';
import { deploymentKind } from './apps/deployment';
import { configMapKind } from './core/config-map';
import { endpointsKind } from './core/endpoints';
import { limitRangeKind } from './core/limit-range';
import { namespaceKind } from './core/namespace';
import { nodeKind } from './core/node';
import { persistentVolumeKind } from './core/persistent-volume';
import { persistentVolumeClaimKind } from './core/persistent-volume-claim';
import { resourceQuotaKind } from './core/resource-quota';
import { secretKind } from './core/secret';
import { serviceKind } from './core/service';
import { networkPolicyKind } from './networking/network-policy';
import { priorityClassKind } from './scheduling/priority-class';
import { storageClassKind } from './storage/storage-class';

/**
 * What Kubernetes refuses, with the paths and reasons that it names, for kinds and fields that no recorded request
 * looks at.
 */
const port = { port: 80 };

describe('creating', () => {
  const cases: [KindDefinition, object, string[]][] = [
    // An address outside is what makes the policy for traffic from outside one that may be set.
    [
      serviceKind,
      { spec: { ports: [port], externalIPs: ['192.0.2.1'], externalTrafficPolicy: 'Local' } },
      [],
    ],
    [
      serviceKind,
      { spec: { ports: [port], externalTrafficPolicy: 'Local' } },
      ['spec.externalTrafficPolicy Invalid'],
    ],
    [
      serviceKind,
      { spec: { type: 'ExternalName', externalName: 'a.b', clusterIP: '10.96.0.9', ipFamilies: ['IPv4'] } },
      ['spec.clusterIPs Forbidden', 'spec.ipFamilies Forbidden'],
    ],
    [
      serviceKind,
      { spec: { type: 'ExternalName', externalName: 'a.b', ports: [{ ...port, nodePort: 30001 }] } },
      [],
    ],
    [serviceKind, { spec: { ports: [port], clusterIPs: ['10.96.0.9'] } }, ['spec.clusterIPs Invalid']],
    [
      serviceKind,
      { spec: { ports: [port], clusterIP: '10.96.0.9', ipFamilies: ['IPv6'] } },
      ['spec.clusterIPs[0] Invalid'],
    ],
    [
      serviceKind,
      { spec: { ports: [port], ipFamilies: ['IPv4', 'IPv4', 'IPv5'], ipFamilyPolicy: 'Some' } },
      ['spec.ipFamilies[1] Duplicate', 'spec.ipFamilies[2] NotSupported', 'spec.ipFamilyPolicy NotSupported'],
    ],
    [
      serviceKind,
      { spec: { ports: [port], loadBalancerSourceRanges: ['x'], loadBalancerClass: 'a/b/c' } },
      [
        'spec.loadBalancerClass Forbidden',
        'spec.loadBalancerSourceRanges Forbidden',
        'spec.loadBalancerSourceRanges[0] Invalid',
      ],
    ],
    [
      serviceKind,
      {
        spec: { ports: [port], type: 'LoadBalancer', loadBalancerClass: 'a/b/c', trafficDistribution: 'Far' },
      },
      ['spec.loadBalancerClass Invalid', 'spec.trafficDistribution NotSupported'],
    ],
    [nodeKind, { spec: { podCIDRs: ['10.0.0.0/24', '10.0.1.0/24'] } }, ['spec.podCIDRs Invalid']],
    [
      nodeKind,
      { status: { capacity: { pods: '1500m' } } },
      ['status.allocatable.pods Invalid', 'status.capacity.pods Invalid'],
    ],
    [namespaceKind, { spec: { finalizers: ['mine'] } }, ['spec.finalizers Invalid']],
    [
      secretKind,
      { type: 'kubernetes.io/ssh-auth', data: { 'ssh-privatekey': '' } },
      ['data[%s][ssh-privatekey] Required'],
    ],
    [
      secretKind,
      { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '[]' } },
      ['data[.dockerconfigjson] Invalid'],
    ],
    [secretKind, { type: 'kubernetes.io/tls' }, ['data[tls.crt] Required', 'data[tls.key] Required']],
    [
      secretKind,
      { type: 'kubernetes.io/basic-auth' },
      ['data[%s][password] Required', 'data[%s][username] Required'],
    ],
    [
      endpointsKind,
      { metadata: { annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': 'soon' } } },
      ['annotations[endpoints.kubernetes.io/last-change-trigger-time] Invalid'],
    ],
    [endpointsKind, { subsets: [{ ports: [{ port: 1 }] }] }, ['subsets[0] Required']],
    [
      resourceQuotaKind,
      { spec: { hard: { 'requests.storage': '1' }, scopes: ['Terminating'] } },
      ['spec.scopes Invalid'],
    ],
    [resourceQuotaKind, { spec: { hard: { 'count/jobs.batch': '1' }, scopes: ['BestEffort'] } }, []],
    [resourceQuotaKind, { spec: { hard: { pods: '1500m' } } }, ['spec.hard[pods] Invalid']],
    [
      limitRangeKind,
      { spec: { limits: [{ type: 'Pod', max: { storage: '1' } }] } },
      ['spec.limits[0].max[storage] Invalid'],
    ],
    [
      persistentVolumeKind,
      {
        spec: {
          accessModes: ['ReadWriteOnce'],
          capacity: { storage: '1Gi' },
          csi: { nodePublishSecretRef: { name: 's' } },
        },
      },
      [
        'spec.csi.driver Invalid',
        'spec.csi.driver Required',
        'spec.csi.nodePublishSecretRef.namespace Required',
        'spec.csi.volumeHandle Required',
      ],
    ],
    [
      persistentVolumeClaimKind,
      {
        spec: {
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
          dataSource: { kind: 'PersistentVolumeClaim', name: '' },
        },
      },
      ['spec.dataSource.name Required', 'spec.dataSourceRef.name Required'],
    ],
    [
      networkPolicyKind,
      { spec: { podSelector: {}, ingress: [{ from: [{}] }] } },
      ['spec.ingress[0].from[0] Required'],
    ],
    [storageClassKind, {}, ['provisioner Required']],
    [configMapKind, { data: { 'a/b': '' } }, ['data[a/b] Invalid']],
  ];
  const titled = cases.map(([kind, body, causes]) => ({ kind, body, causes, name: kind.kind }));

  it.each(titled)('$name $body', ({ kind, body, causes }) => {
    expect(created(kind, body).causes).toEqual(causes);
  });
});

describe('replacing', () => {
  const replaced = <T extends KubeObject>(kind: KindDefinition<T>, before: object, after: object) =>
    updated(kind, created(kind, before).object, after).causes;

  it('keeps the type of a secret', () => {
    const tls = { type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'a', 'tls.key': 'b' } };
    expect(replaced(secretKind, tls, {})).toEqual(['type Invalid']);
  });

  it('keeps the class of a claim, whichever way it was said', () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const annotated = { metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'a' } }, spec };
    expect(replaced(persistentVolumeClaimKind, annotated, { spec })).toEqual([
      'metadata.annotations[volume.beta.kubernetes.io/storage-class] Invalid',
    ]);
    expect(
      replaced(persistentVolumeClaimKind, annotated, { spec: { ...spec, storageClassName: 'a' } }),
    ).toEqual([]);
  });

  it('keeps the class of a load balancer', () => {
    const spec = { type: 'LoadBalancer', ports: [port] };
    const before = { spec: { ...spec, loadBalancerClass: 'a.b/c' } };
    expect(replaced(serviceKind, before, { spec })).toEqual(['spec.loadBalancerClass Invalid']);
  });

  it('keeps the value of a priority class', () => {
    expect(replaced(priorityClassKind, { value: 1 }, { value: 2 })).toEqual(['Value Forbidden']);
  });
});

it('lets only load balancers say where they listen', () => {
  const stored = (type: string) => created(serviceKind, { spec: { type, ports: [port] } }).object;
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: '192.0.2.2' }] } };
  expect(
    statusUpdated(serviceKind, stored('NodePort'), { spec: { type: 'NodePort' }, status }).causes,
  ).toEqual(['status.loadBalancer.ingress Forbidden']);
  const { object, causes } = statusUpdated(serviceKind, stored('LoadBalancer'), {
    spec: { type: 'LoadBalancer' },
    status,
  });
  expect(causes).toEqual(['status.loadBalancer.ingress[1].hostname Invalid']);
  expect(object.status?.loadBalancer?.ingress?.[0]).toEqual({ ip: '192.0.2.1', ipMode: 'VIP' });
});

it('counts an address of a node once', () => {
  const stored = created(nodeKind, {}).object;
  const address = { type: 'InternalIP', address: '192.0.2.1' };
  expect(statusUpdated(nodeKind, stored, { status: { addresses: [address, address] } }).causes).toEqual([
    'status.addresses[1] Duplicate',
  ]);
});

it('look at a template only once the selector beside it can be read', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [] } };
  const causes = (selector: object) => created(deploymentKind, { spec: { selector, template } }).causes;
  expect(causes({ matchLabels: { a: 'b' } })).toEqual(['spec.template.spec.containers Required']);
  expect(causes({ matchLabels: { a: '!' } })).toEqual([
    'spec.selector Invalid',
    'spec.selector.matchLabels Invalid',
  ]);
});
