import type { Container, PodSpec } from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { created, statusUpdated, updated } from '../../testing/refusals';
import { deploymentKind } from '../apps/deployment';
import { podKind } from './pod';

const containers = [{ name: 'c', image: 'nginx:1.19' }];
const pod = (spec: object) => ({ spec: { containers, ...spec } });
const container = (fields: Partial<Container>) => pod({ containers: [{ name: 'c', image: 'i', ...fields }] });
const mounts = (volumes: unknown, fields: Partial<Container>) => ({
  spec: { volumes, containers: [{ name: 'c', image: 'i', ...fields }] },
});
const C = 'spec.containers[0]';

describe('a pod is refused', () => {
  it.each<[string, object, string[]]>([
    ['without containers', { spec: {} }, ['spec.containers Required']],
    [
      'with containers without names',
      pod({ containers: [{ image: 'i' }, { image: 'i' }] }),
      [`${C}.name Required`, 'spec.containers[1].name Duplicate', 'spec.containers[1].name Required'],
    ],
    [
      'with two ports of one name',
      container({
        ports: [
          { name: 'a', containerPort: 1 },
          { name: 'a', containerPort: 2 },
        ],
      }),
      [`${C}.ports[1].name Duplicate`],
    ],
    [
      'with two ports of one bad name',
      container({
        ports: [
          { name: 'A', containerPort: 1 },
          { name: 'A', containerPort: 2 },
        ],
      }),
      [`${C}.ports[0].name Invalid`, `${C}.ports[1].name Invalid`],
    ],
    ['with spaces around an image', container({ image: ' i' }), [`${C}.image Invalid`]],
    ['with variables from nowhere', container({ envFrom: [{}] }), [`${C}.envFrom Invalid`]],
    [
      'with a key of a config map without a name',
      container({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { key: 'k' } } }] }),
      [`${C}.env[0].valueFrom.configMapKeyRef.name Invalid`],
    ],
    [
      'with a field that is none for variables',
      container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } }] }),
      [`${C}.env[0].valueFrom.fieldRef.fieldPath NotSupported`],
    ],
    [
      'with a field that is none at all',
      container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nope' } } }] }),
      [`${C}.env[0].valueFrom.fieldRef.fieldPath Invalid`],
    ],
    [
      'with a mount of a volume that is itself refused',
      mounts([{ name: 'v', secret: {} }], { volumeMounts: [{ name: 'v', mountPath: '/a' }] }),
      [`${C}.volumeMounts[0].name NotFound`, 'spec.volumes[0].secret.secretName Required'],
    ],
    [
      'with mounts shared both ways without privileges',
      mounts([{ name: 'v', emptyDir: {} }], {
        volumeMounts: [{ name: 'v', mountPath: '/a', mountPropagation: 'Bidirectional' }],
      }),
      [`${C}.volumeMounts.mountPropagation Forbidden`],
    ],
    [
      'with a directory as a device',
      mounts([{ name: 'v', emptyDir: {} }], { volumeDevices: [{ name: 'v', devicePath: '/a/../b' }] }),
      [`${C}.volumeDevices[0].devicePath Invalid`, `${C}.volumeDevices[0].name Invalid`],
    ],
    [
      'with a disk without a name, which has another name in paths',
      pod({ volumes: [{ name: 'v', gcePersistentDisk: {} }] }),
      ['spec.volumes[0].persistentDisk.pdName Required'],
    ],
    [
      'with a relative NFS path',
      pod({ volumes: [{ name: 'v', nfs: { server: 's' } }] }),
      ['spec.volumes[0].nfs.path Invalid', 'spec.volumes[0].nfs.path Required'],
    ],
    [
      'with a driver without a name',
      pod({ volumes: [{ name: 'v', csi: {} }] }),
      ['spec.volumes[0].csi.driver Invalid', 'spec.volumes[0].csi.driver Required'],
    ],
    [
      'with two projections in one place',
      pod({
        serviceAccountName: 'sa',
        volumes: [
          {
            name: 'v',
            projected: {
              sources: [
                { secret: { name: 's', items: [{ key: 'a', path: 'x' }] } },
                { configMap: { name: 's', items: [{ key: 'a', path: 'x' }] } },
                { serviceAccountToken: { expirationSeconds: 1 } },
              ],
            },
          },
        ],
      }),
      [
        'spec.volumes[0].projected Invalid',
        'spec.volumes[0].projected.path Required',
        'spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds Invalid',
      ],
    ],
    [
      'with a token of nobody',
      pod({
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }],
      }),
      ['spec.volumes[0].projected.sources[0].serviceAccountToken Forbidden'],
    ],
    [
      'with a claim for a volume of its own that asks for nothing',
      pod({ volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { metadata: { name: 'a' } } } }] }),
      [
        'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name Forbidden',
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes Required',
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage] Required',
      ],
    ],
    [
      "with resources outside of anybody's name space",
      container({ resources: { requests: { 'requests.example.com/gpu': '1' } } }),
      [`${C}.resources.limits Required`, `${C}.resources.requests[requests.example.com/gpu] Invalid`],
    ],
    [
      'with a part of a huge page',
      container({ resources: { limits: { cpu: '1', 'hugepages-2Mi': '3Mi' } } }),
      [`${C}.resources.limits[hugepages-2Mi] Invalid`, `${C}.resources.requests[hugepages-2Mi] Invalid`],
    ],
    [
      'that naps for longer than it may live',
      container({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
      [`${C}.lifecycle.preStop.sleep Invalid`],
    ],
    [
      'that spreads twice in one way',
      pod({
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' },
          { maxSkew: 2, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' },
        ],
      }),
      ['spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable} Duplicate'],
    ],
    [
      'that shares processes with itself and the host',
      pod({ hostPID: true, shareProcessNamespace: true }),
      ['spec.securityContext.shareProcessNamespace Invalid'],
    ],
    [
      'that sets the network of the host',
      pod({
        hostNetwork: true,
        securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] },
      }),
      ['spec.securityContext.sysctls[0].name Invalid'],
    ],
    [
      'with a local profile that is nowhere',
      pod({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: '../a' } } }),
      ['spec.securityContext.seccompProfile.localhostProfile Invalid'],
    ],
    [
      'with settings of the other system',
      pod({ os: { name: 'linux' }, securityContext: { windowsOptions: {} } }),
      ['spec.securityContext.windowsOptions Forbidden'],
    ],
    [
      'with name servers that are none',
      pod({ dnsPolicy: 'None', dnsConfig: {} }),
      ['spec.dnsConfig.nameservers Required'],
    ],
    [
      'with init containers that are looked at while they run',
      pod({
        initContainers: [
          {
            name: 'i',
            image: 'i',
            readinessProbe: { exec: { command: ['true'] } },
            ports: [
              { containerPort: 1, hostPort: 1 },
              { containerPort: 2, hostPort: 1 },
            ],
          },
        ],
      }),
      ['spec.initContainers[0].ports[1].hostPort Duplicate', 'spec.initContainers[0].readinessProbe Invalid'],
    ],
    [
      'with containers for debugging',
      pod({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
      ['spec.ephemeralContainers Forbidden'],
    ],
    [
      'with overhead of no known resource',
      pod({ overhead: { nope: '1' } }),
      ['spec.overhead.limits[nope] Invalid'],
    ],
    [
      'that mirrors a file of no node',
      { ...pod({}), metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } },
      ['metadata.annotations[kubernetes.io/config.mirror] Invalid'],
    ],
    [
      'with annotations from before there were fields',
      {
        ...pod({}),
        metadata: {
          annotations: {
            'container.apparmor.security.beta.kubernetes.io/other': 'bad',
            'container.seccomp.security.alpha.kubernetes.io/c': 'localhost/../x',
            'controller.kubernetes.io/pod-deletion-cost': '1.5',
            'scheduler.alpha.kubernetes.io/tolerations': '[{"operator": "Nope", "key": "a"}]',
            'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default',
          },
        },
      },
      [
        'metadata.annotations.container.seccomp.security.alpha.kubernetes.io/c Invalid',
        'metadata.annotations.scheduler.alpha.kubernetes.io/tolerations[0].operator NotSupported',
        'metadata.annotations[container.apparmor.security.beta.kubernetes.io/other] Invalid',
        'metadata.annotations[controller.kubernetes.io/pod-deletion-cost] Invalid',
      ],
    ],
    [
      'with tolerations that cannot be read',
      {
        ...pod({}),
        metadata: { annotations: { 'scheduler.alpha.kubernetes.io/tolerations': '[{"key": 5}]' } },
      },
      ['metadata.annotations Invalid'],
    ],
  ])('%s', (_what, body, causes) => {
    expect(created(podKind, body).causes).toEqual(causes);
  });
});

it('takes in templates what only pods must not have', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: ' i' }] } };
  const body = { spec: { selector: { matchLabels: { a: 'b' } }, template } };
  expect(created(deploymentKind, body).causes).toEqual([]);
});

describe('a stored pod', () => {
  const stored = (spec: Partial<PodSpec>) => created(podKind, pod(spec)).object;

  it('keeps the annotations that say what it mirrors and what confines it', () => {
    const mirror = { 'kubernetes.io/config.mirror': 'a' };
    const confined = { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' };
    const before = { ...pod({ nodeName: 'n' }), metadata: { annotations: { ...mirror, note: '1' } } };
    const { object } = created(podKind, before);
    const changed = (annotations: Record<string, string>) =>
      updated(podKind, object, { ...before, metadata: { annotations } }).causes;
    expect(changed({ ...mirror, note: '2' })).toEqual([]);
    expect(changed({ ...confined })).toEqual([
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c] Forbidden',
      'metadata.annotations[kubernetes.io/config.mirror] Forbidden',
    ]);
  });
  const tolerations = [{ key: 'a', operator: 'Exists' }];

  it.each<[string, Partial<PodSpec>, Partial<PodSpec>, string[]]>([
    [
      'takes further tolerations',
      { tolerations },
      { tolerations: [...tolerations, { key: 'b', operator: 'Exists' }] },
      [],
    ],
    ['keeps its tolerations', { tolerations }, { tolerations: [] }, ['spec.tolerations Forbidden']],
    ['keeps its deadline', { activeDeadlineSeconds: 9 }, {}, ['spec.activeDeadlineSeconds Invalid']],
    ['keeps its node', {}, { nodeName: 'n' }, ['spec Forbidden']],
    [
      'keeps its containers',
      {},
      { containers: [...containers, { name: 'd', image: 'i' }] },
      ['spec.containers Forbidden'],
    ],
    [
      'gets no further gates',
      { schedulingGates: [{ name: 'a' }] },
      { schedulingGates: [{ name: 'b' }] },
      ['spec.schedulingGates[0].name Forbidden'],
    ],
    [
      'may be narrowed while it is gated',
      { schedulingGates: [{ name: 'a' }], nodeSelector: { a: '1' } },
      { nodeSelector: { a: '1', b: '2' } },
      [],
    ],
    [
      'is not widened while it is gated',
      { schedulingGates: [{ name: 'a' }], nodeSelector: { a: '1' } },
      { nodeSelector: { b: '2' } },
      ['spec.nodeSelector Invalid'],
    ],
    [
      'may be given a choice of nodes while it is gated',
      { schedulingGates: [{ name: 'a' }] },
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }],
            },
          },
        },
      },
      [],
    ],
  ])('%s', (_what, before, after, causes) => {
    expect(updated(podKind, stored(before), pod(after)).causes).toEqual(causes);
  });

  it('stays ended where nothing restarts it', () => {
    const ended = stored({ restartPolicy: 'Never' });
    const status = (state: object) => ({ containerStatuses: [{ name: 'c', state }], podIPs: [{ ip: 'x' }] });
    Object.assign(ended, { status: { ...ended.status, ...status({ terminated: { exitCode: 1 } }) } });
    const { causes } = statusUpdated(podKind, ended, { spec: ended.spec, status: status({ running: {} }) });
    expect(causes).toEqual(['status.containerStatuses[0].state Forbidden', 'status.podIPs[0] Invalid']);
  });
});
