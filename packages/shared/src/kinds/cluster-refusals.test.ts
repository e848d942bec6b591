import { describe, expect, it } from 'vitest';
import type { KindDefinition } from '../meta/kind';
import { created, updated } from '../testing/refusals';
import { mutatingWebhookConfigurationKind } from './admissionregistration/mutating-webhook-configuration';
import { apiServiceKind } from './apiregistration/api-service';
import { eventKind } from './core/event';
import { persistentVolumeKind } from './core/persistent-volume';
import { endpointSliceKind } from './discovery/endpoint-slice';
import { eventsEventKind } from './events/event';
import { runtimeClassKind } from './node/runtime-class';
import { clusterRoleKind } from './rbac/cluster-role';
import { priorityClassKind } from './scheduling/priority-class';
import { csiNodeKind } from './storage/csi-node';
import { storageClassKind } from './storage/storage-class';
import { volumeAttachmentKind } from './storage/volume-attachment';

/** Rules of kinds that belong to the cluster or to its parts, as a real server was seen to apply them. */

const time = '2020-01-01T00:00:00.000000Z';
const about = { kind: 'Pod', name: 'p', namespace: 'n' };
const reported = { eventTime: time, reason: 'R', action: 'A', reportingInstance: 'i' };
const volume = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'] };
const secret = { name: 's', namespace: 'n' };

describe('creating', () => {
  const cases: [string, KindDefinition, object, string[]][] = [
    ['an event of the older sort', eventKind, { involvedObject: about }, []],
    [
      'an event elsewhere than its object',
      eventKind,
      { involvedObject: { ...about, namespace: 'other' } },
      ['involvedObject.namespace Invalid'],
    ],
    [
      'a newer event that nobody reports',
      eventKind,
      { involvedObject: about, eventTime: time },
      [
        'action Required',
        'reason Required',
        'reportingComponent Invalid',
        'reportingComponent Required',
        'reportingInstance Required',
      ],
    ],
    [
      'a whole new event',
      eventsEventKind,
      { regarding: about, ...reported, reportingController: 'a.b/c', type: 'Normal' },
      [],
    ],
    [
      'a new event with what only old ones have',
      eventsEventKind,
      {
        regarding: about,
        ...reported,
        reportingController: 'c',
        type: 'Odd',
        deprecatedCount: 2,
        series: { count: 1 },
      },
      ['count Invalid', 'series.count Invalid', 'series.lastObservedTime Required', 'type Invalid'],
    ],
    [
      'a driver with a key twice',
      csiNodeKind,
      { spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: ['a', 'a'] }] } },
      ['spec.drivers[0] Duplicate'],
    ],
    [
      'a class with an empty term',
      storageClassKind,
      { provisioner: 'p', allowedTopologies: [{}], volumeBindingMode: '' },
      ['allowedTopologies[0].matchLabelExpressions Duplicate', 'volumeBindingMode NotSupported'],
    ],
    [
      'an attachment of nothing',
      volumeAttachmentKind,
      { spec: { attacher: 'a', nodeName: 'n', source: { persistentVolumeName: '' } } },
      ['spec.source.persistentVolumeName Invalid', 'spec.source.persistentVolumeName Required'],
    ],
    [
      'an overhead below zero',
      runtimeClassKind,
      {
        handler: 'h',
        overhead: { podFixed: { cpu: '-1' } },
        scheduling: { tolerations: [{ effect: 'x', operator: 'Exists' }] },
      },
      ['overhead.limits[cpu] Invalid', 'scheduling.tolerations.tolerations[0].effect NotSupported'],
    ],
    ['a class without a policy', priorityClassKind, { preemptionPolicy: '' }, ['preemptionPolicy Required']],
    [
      'a role that collects by a broken selector',
      clusterRoleKind,
      { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: '!' } }] } },
      [
        'aggregationRule.clusterRoleSelectors[0] Invalid',
        'aggregationRule.clusterRoleSelectors[0].matchLabels Invalid',
      ],
    ],
    [
      'an API that is trusted in two ways',
      apiServiceKind,
      {
        metadata: { name: 'v1.a.b' },
        spec: {
          group: 'a.b',
          version: 'v1',
          groupPriorityMinimum: 1,
          versionPriority: 1,
          service: secret,
          caBundle: 'YQ==',
          insecureSkipTLSVerify: true,
        },
      },
      ['spec.insecureSkipTLSVerify Invalid'],
    ],
    [
      'a port of no protocol',
      endpointSliceKind,
      { addressType: 'IPv4', endpoints: [], ports: [{ protocol: '', appProtocol: '' }] },
      ['ports[0].appProtocol Invalid', 'ports[0].protocol NotSupported'],
    ],
    [
      'a secret of no name',
      persistentVolumeKind,
      {
        spec: {
          ...volume,
          csi: { driver: 'd', volumeHandle: 'h', nodePublishSecretRef: { ...secret, name: 'A!' } },
        },
      },
      ['spec.csi.nodePublishSecretRef.name Invalid'],
    ],
    [
      'a volume of two types',
      persistentVolumeKind,
      { spec: { ...volume, hostPath: { path: '/a' }, cephfs: { monitors: ['m'] } } },
      ['spec.cephFS Forbidden'],
    ],
    [
      'a webhook in half a service',
      mutatingWebhookConfigurationKind,
      {
        webhooks: [
          {
            name: 'a.b.c',
            sideEffects: 'None',
            admissionReviewVersions: ['A'],
            clientConfig: { service: { namespace: 'n' } },
          },
        ],
      },
      [
        'webhooks[0].admissionReviewVersions Invalid',
        'webhooks[0].admissionReviewVersions[0] Invalid',
        'webhooks[0].clientConfig.service.namespace Required',
      ],
    ],
  ];
  it.each(cases)('%s', (_what, kind, object, expected) => {
    expect(created(kind, object).causes).toEqual(expected);
  });
});

describe('updating', () => {
  it('changes how often an event happened, but not what did', () => {
    const event = { regarding: about, ...reported, reportingController: 'c', type: 'Normal' };
    const { object: stored } = created(eventsEventKind, event);
    const series = { count: 2, lastObservedTime: time };
    expect(updated(eventsEventKind, stored, { ...event, series }).causes).toEqual([]);
    expect(updated(eventsEventKind, stored, { ...event, reason: 'Other' }).causes).toEqual([
      'reason Invalid',
    ]);
  });
});

it('endpoint slices print the name of a port that has no number', () => {
  const ports = endpointSliceKind.columns?.find(({ name }) => name === 'Ports');
  const slice = { addressType: 'IPv4', endpoints: [], ports: [{ name: 'a', port: 80 }, { name: 'b' }, {}] };
  expect(ports?.cell(slice, new Date(0))).toBe('80,b,*');
});
